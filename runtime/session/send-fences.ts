import { SESSION_FENCES_MAX } from '../contract/limits.ts';
import type { FaultOptions } from '../wire/v2/fault.ts';

/** Recipients with a refused message of one session; a later one must not overtake it (L3). */
export class SendFences {
  /** Names one byte a character. */
  private readonly fences = new Set<string>();

  has(recipient: Buffer): boolean {
    return this.fences.has(recipient.toString('latin1'));
  }

  /** Whether a message must wait for one before it; `isFresh` says that it is that one. */
  holdsBack(recipient: Buffer, isFresh: boolean): boolean {
    if (this.fences.size === 0) return false;
    const name = recipient.toString('latin1');
    if (isFresh) this.fences.delete(name);
    return this.fences.has(name);
  }

  /** Returns why the session must end: order could not be kept any more. */
  raise(recipient: Buffer): FaultOptions | undefined {
    this.fences.add(recipient.toString('latin1'));
    if (this.fences.size <= SESSION_FENCES_MAX) return undefined;
    const message = `messages to ${this.fences.size} recipients stand refused, limit is ${SESSION_FENCES_MAX}`;
    return { code: 'OVERLOADED', message, retryAfterMs: 1_000 };
  }
}
