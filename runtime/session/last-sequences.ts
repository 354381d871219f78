import { V1_RECIPIENTS_MAX } from '../contract/limits.ts';

/** What was sent to one recipient last, and before that; 0 where nothing is known. */
interface Sent {
  last: number;
  before: number;
}

/**
 * The last sequence a session sent to each recipient, so that an owner can tell a message that overtook another while its recipient’s
 * inbox moved (L3). Remembers V1_RECIPIENTS_MAX recipients.
 */
export class LastSequences {
  /** Undefined at first: there is one for each connection. */
  private sent: Map<string, Sent> | undefined;

  /** Remembers the new last one; returns the one before it, 0 when none is known. */
  replace(recipient: Buffer, sequence: number): number {
    this.sent ??= new Map();
    const key = recipient.toString('latin1');
    const known = this.sent.get(key);
    if (known !== undefined) this.sent.delete(key);
    const sent = known ?? { last: 0, before: 0 };
    sent.before = sent.last;
    sent.last = sequence;
    this.sent.set(key, sent);
    if (this.sent.size > V1_RECIPIENTS_MAX) forgetOldest(this.sent);
    return sent.before;
  }

  /**
   * It was refused and will not be repeated, so nothing may wait for it. It may have come for all that, when its answer was lost: who follows names what
   * it named, and waits where it waits.
   */
  forget(recipient: Buffer, sequence: number): void {
    const key = recipient.toString('latin1');
    const sent = this.sent?.get(key);
    if (sent === undefined) return;
    if (sent.last === sequence) sent.last = sent.before;
    if (sent.before === sequence || sent.last === sent.before) sent.before = 0;
    if (sent.last === 0) this.sent?.delete(key);
  }
}

function forgetOldest(sent: Map<string, Sent>): void {
  for (const oldest of sent.keys()) {
    sent.delete(oldest);
    return;
  }
}
