import { userOfInbox } from '../contract/bucket-name.ts';
import { BUCKET_QUERY_RETRY_MS } from '../contract/limits.ts';
import type { Refusal } from '../ports/bus.ts';
import type { Clock } from '../ports/clock.ts';
import type { StoredParked } from '../ports/inbox-store.ts';
import type { AppendOrigin, AppendRequest } from '../ports/shard-owner.ts';
import { envelopeRecipient, readdress } from '../wire/envelope.ts';
import { SEND_RETRY } from '../wire/v2/send.ts';
import type { Committer } from './committer.ts';

export interface ParkedMoverParts {
  readonly committer: Committer;
  readonly clock: Clock;
  append(request: AppendRequest): void;
}

/**
 * Sends what was parked in a sealed inbox to its user again, where it waits for its predecessor in the present generation. It stays in
 * the store until it has arrived, so a crash sends it twice, and the row of its sender drops the second (L2). Bounded by what may be parked.
 */
export class ParkedMover implements AppendOrigin {
  private readonly parts: ParkedMoverParts;
  private readonly underWay = new Map<number, StoredParked>();
  private lastCorrelation = 0;

  constructor(parts: ParkedMoverParts) {
    this.parts = parts;
  }

  move(parked: StoredParked): void {
    const correlation = ++this.lastCorrelation;
    this.underWay.set(correlation, parked);
    const envelope = readdress(parked.envelope, userOfInbox(envelopeRecipient(parked.envelope)));
    // A publisher for each, so that a refusal of one fences no other.
    this.parts.append({ origin: this, correlation, publisherId: correlation, flags: SEND_RETRY, envelope });
  }

  appended(correlation: number): void {
    const parked = this.underWay.get(correlation);
    this.underWay.delete(correlation);
    if (parked !== undefined) this.parts.committer.change({ apply: (batch) => batch.unpark(parked) });
  }

  refused(correlation: number, _recipient: Buffer, refusal: Refusal): void {
    const parked = this.underWay.get(correlation);
    this.underWay.delete(correlation);
    this.parts.committer.publisherEnded(this, correlation);
    if (parked === undefined) return;
    this.parts.clock.after(Math.max(BUCKET_QUERY_RETRY_MS, refusal.retryAfterMs), () => this.move(parked));
  }

  settled(): void {}

  laidOut(): void {}

  cut(): void {}
}
