import { userTextOfInbox } from '../contract/bucket-name.ts';
import { FENCES_MAX } from '../contract/limits.ts';
import type { Refusal } from '../ports/bus.ts';
import type { AppendOrigin, AppendRequest } from '../ports/shard-owner.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { SEND_FRESH } from '../wire/v2/send.ts';
import { PublisherFences } from './publisher-fences.ts';

/** An append and whom it is for, one byte a character. */
export interface Addressed {
  readonly request: AppendRequest;
  readonly recipient: string;
}

/** Says no to appends, and to what follows them to the same recipient until their publisher starts anew (L3). */
export class Refusals {
  private readonly fences = new PublisherFences();
  private readonly count: { value: number };

  constructor(telemetry: Telemetry) {
    this.count = telemetry.counter('iris_appends_refused_total', 'Envelopes refused by the owner');
  }

  refuse({ request, recipient }: Addressed, refusal: Refusal): void {
    // The publisher knows the user, not its buckets, and order holds towards the user.
    const user = userTextOfInbox(recipient);
    this.count.value++;
    this.fences.raise(request.origin, request.publisherId, user);
    request.origin.refused(request.correlation, Buffer.from(user, 'latin1'), refusal);
    if (this.fences.isFull) request.origin.cut(`messages to ${FENCES_MAX} recipients stand refused`);
  }

  /** True when the publisher starts anew behind a refusal. */
  lowersFence({ request, recipient }: Addressed): boolean {
    if (this.fences.isEmpty || (request.flags & SEND_FRESH) === 0) return false;
    return this.fences.lower(request.origin, request.publisherId, userTextOfInbox(recipient));
  }

  /** True when something before it was refused; then it is refused as well. */
  isFenced({ request, recipient }: Addressed): boolean {
    return !this.fences.isEmpty && this.fences.has(request.origin, request.publisherId, userTextOfInbox(recipient));
  }

  forgetPublisher(origin: AppendOrigin, publisherId: number): void {
    this.fences.forgetPublisher(origin, publisherId);
  }

  forgetOrigin(origin: AppendOrigin): void {
    this.fences.forgetOrigin(origin);
  }
}
