import { userOfInbox } from '../contract/bucket-name.ts';
import { BUCKET_QUERY_RETRY_MS } from '../contract/limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { StoredParked } from '../ports/inbox-store.ts';
import { envelopeRecipient, readdress } from '../wire/envelope.ts';
import type { Committer } from './committer.ts';
import { OwnAppends, type OwnAppendsParts } from './own-appends.ts';

export interface ParkedMoverParts {
  readonly committer: Committer;
  readonly clock: Clock;
  readonly append: OwnAppendsParts['append'];
}

/**
 * Sends what was parked in a sealed inbox to its user again, where it waits for its predecessor in the present generation. It stays in
 * the store until it has arrived, so a crash sends it twice, and the row of its sender drops the second (L2). Bounded by what may be parked.
 */
export class ParkedMover {
  private readonly parts: ParkedMoverParts;
  private readonly appends: OwnAppends;

  constructor(parts: ParkedMoverParts) {
    this.parts = parts;
    const { append, committer } = parts;
    this.appends = new OwnAppends({ append, publisherEnded: committer.publisherEnded.bind(committer) });
  }

  move(parked: StoredParked): void {
    const { committer, clock } = this.parts;
    const envelope = readdress(parked.envelope, userOfInbox(envelopeRecipient(parked.envelope)));
    this.appends.append(envelope, (refusal) => {
      if (refusal === undefined) committer.change({ apply: (batch) => batch.unpark(parked) });
      else clock.after(Math.max(BUCKET_QUERY_RETRY_MS, refusal.retryAfterMs), () => this.move(parked));
    });
  }
}
