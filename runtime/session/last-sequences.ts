import { V1_RECIPIENTS_MAX } from '../contract/limits.ts';

/**
 * The last sequence a session sent to each recipient, so that an owner can tell a message that overtook another while its recipient’s
 * inbox moved (L3). Remembers V1_RECIPIENTS_MAX recipients.
 */
export class LastSequences {
  /** Undefined at first: there is one for each connection. */
  private last: Map<string, number> | undefined;

  /** Remembers the new last one; returns the one before it, 0 when none is known. */
  replace(recipient: Buffer, sequence: number): number {
    this.last ??= new Map();
    const key = recipient.toString('latin1');
    const previous = this.last.get(key);
    if (previous !== undefined) this.last.delete(key);
    this.last.set(key, sequence);
    if (this.last.size > V1_RECIPIENTS_MAX) forgetOldest(this.last);
    return previous ?? 0;
  }

  /** It was refused and will not come again: nothing may wait for it. */
  forget(recipient: Buffer, sequence: number): void {
    const key = recipient.toString('latin1');
    if (this.last?.get(key) === sequence) this.last.delete(key);
  }
}

function forgetOldest(last: Map<string, number>): void {
  for (const oldest of last.keys()) {
    last.delete(oldest);
    return;
  }
}
