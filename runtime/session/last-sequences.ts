import { V1_RECIPIENTS_MAX } from '../contract/limits.ts';

/**
 * The last sequence a session sent to each recipient, so that an owner can tell a message that overtook another while its recipient’s
 * inbox moved (L3). Remembers V1_RECIPIENTS_MAX recipients.
 */
export class LastSequences {
  private readonly last = new Map<string, number>();

  /** Remembers the new last one; returns the one before it, 0 when none is known. */
  replace(recipient: Buffer, sequence: number): number {
    const key = recipient.toString('latin1');
    const previous = this.last.get(key);
    if (previous !== undefined) this.last.delete(key);
    this.last.set(key, sequence);
    if (this.last.size > V1_RECIPIENTS_MAX) this.forgetOldest();
    return previous ?? 0;
  }

  /** It was refused and will not come again: nothing may wait for it. */
  forget(recipient: Buffer, sequence: number): void {
    const key = recipient.toString('latin1');
    if (this.last.get(key) === sequence) this.last.delete(key);
  }

  private forgetOldest(): void {
    for (const oldest of this.last.keys()) {
      this.last.delete(oldest);
      return;
    }
  }
}
