import { createHash } from 'node:crypto';
import { userOfInbox } from '../contract/bucket-name.ts';
import type { DeadLetter } from '../contract/dead-letter.ts';
import { IrisError } from '../contract/errors.ts';
import { GapReason, type InboxGap } from '../contract/inbox-gap.ts';
import type { StoreBatch } from '../ports/inbox-store.ts';
import {
  envelopeCount,
  envelopeDevice,
  envelopeRecipient,
  envelopeStamp,
  readdress,
  withDevice,
  withoutPredecessor,
} from '../wire/envelope.ts';
import type { Change } from './change.ts';
import type { DeadLetters } from './dead-letters.ts';
import { durably } from './durable-change.ts';
import type { Gaps } from './gaps.ts';
import { OwnAppends, type OwnAppendsParts } from './own-appends.ts';

export interface ReturnedLettersParts extends OwnAppendsParts {
  readonly letters: DeadLetters;
  readonly gaps: Gaps;
  change(change: Change): void;
  takePosition(): number;
  isHome(user: Buffer): boolean;
  /** The gap is in the store. */
  gapAdded(user: Buffer, gap: InboxGap): void;
}

/** What an operator decides about dead letters, one decision at a time for each. Repeated after a crash it counts once. */
export class ReturnedLetters {
  private readonly parts: ReturnedLettersParts;
  private readonly appends: OwnAppends;
  private readonly underWay = new Set<DeadLetter>();

  constructor(parts: ReturnedLettersParts) {
    this.parts = parts;
    this.appends = new OwnAppends(parts);
  }

  /**
   * Sends a letter to its recipient once more, wherever that lives now. It comes as the first of a row of its own: its sequence counts as taken,
   * and what followed it has been delivered. Its sender hears nothing more of it.
   * @throws IrisError with why the recipient’s owner refuses it, STORE_FAILED, COMMAND_INVALID while another decision is under way
   */
  retry(letter: DeadLetter): Promise<void> {
    return this.decide(letter, async (envelope) => {
      const whole = withoutPredecessor(readdress(envelope, userOfInbox(envelopeRecipient(envelope))));
      await this.append(withDevice(whole, deviceOf(letter, envelope)));
      await this.remove(letter, 'dead-letter-retried', () => undefined);
    });
  }

  /** Gives a letter up. A recipient who lives here hears of it as a gap (L4). @throws IrisError STORE_FAILED, COMMAND_INVALID as `retry` does */
  discard(letter: DeadLetter): Promise<void> {
    return this.decide(letter, async (envelope) => {
      const { parts } = this;
      const user = userOfInbox(envelopeRecipient(envelope));
      const isToldHere = parts.isHome(user);
      const gap = gapOf(envelope, parts.takePosition());
      await this.remove(letter, 'dead-letter-discarded', (batch) => {
        if (isToldHere) parts.gaps.write(batch, user, gap);
      });
      if (isToldHere) parts.gapAdded(user, gap);
    });
  }

  private async decide(letter: DeadLetter, work: (envelope: Buffer) => Promise<void>): Promise<void> {
    if (this.underWay.has(letter))
      throw new IrisError('COMMAND_INVALID', `letter ${letter.position} is being retried or discarded already`);
    this.underWay.add(letter);
    try {
      const envelope = await this.parts.letters.envelopeOf(letter);
      if (envelope !== undefined) await work(envelope);
    } finally {
      this.underWay.delete(letter);
    }
  }

  private append(envelope: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.appends.append(envelope, (refusal) => {
        if (refusal === undefined) resolve();
        else reject(new IrisError(refusal.code, refusal.message, { retryAfterMs: refusal.retryAfterMs }));
      });
    });
  }

  private async remove(letter: DeadLetter, event: string, apply: (batch: StoreBatch) => void): Promise<void> {
    const { letters } = this.parts;
    await durably((change) => this.parts.change(change), {
      apply(batch) {
        letters.remove(batch, letter);
        apply(batch);
      },
    });
    letters.removed(letter, event);
  }
}

/** The same for a letter each time, and no other’s: a second try is recognised (L2). */
function deviceOf({ group, position }: DeadLetter, envelope: Buffer): Buffer {
  return createHash('sha256').update(envelopeDevice(envelope)).update(`${group}/${position}`).digest().subarray(0, 8);
}

/** At a place that no cursor has passed: where the message stood, its reader has read on long since. */
function gapOf(envelope: Buffer, position: number): InboxGap {
  const stamp = envelopeStamp(envelope);
  const place = { bucket: 0, from: position, through: position };
  return { ...place, messages: envelopeCount(envelope), firstStamp: stamp, lastStamp: stamp, reason: GapReason.expired };
}
