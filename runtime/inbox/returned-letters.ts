import { createHash } from 'node:crypto';
import { userOfInbox } from '../contract/bucket-name.ts';
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
import type { DeadLetter, DeadLetters } from './dead-letters.ts';
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

/** What an operator decides about dead letters. Done twice, by two operators or after a crash, it counts once. */
export class ReturnedLetters {
  private readonly parts: ReturnedLettersParts;
  private readonly appends: OwnAppends;

  constructor(parts: ReturnedLettersParts) {
    this.parts = parts;
    this.appends = new OwnAppends(parts);
  }

  /**
   * Sends a letter to its recipient once more, wherever that lives now. It comes as the first of a row of its own: its sequence counts as taken,
   * and what followed it has been delivered. Its sender hears nothing more of it. @throws IrisError with why the recipient’s owner refuses it
   */
  async retry(letter: DeadLetter): Promise<void> {
    const envelope = await this.parts.letters.envelopeOf(letter);
    if (envelope === undefined) return;
    const device = createHash('sha256').update(envelopeDevice(envelope)).update(`${letter.group}/${letter.position}`).digest().subarray(0, 8);
    const fresh = withDevice(withoutPredecessor(readdress(envelope, userOfInbox(envelopeRecipient(envelope)))), device);
    await new Promise<void>((resolve, reject) => {
      this.appends.append(fresh, (refusal) => {
        if (refusal === undefined) resolve();
        else reject(new IrisError(refusal.code, refusal.message, { retryAfterMs: refusal.retryAfterMs }));
      });
    });
    await this.remove(letter, 'dead-letter-retried', () => undefined);
  }

  /** Gives a letter up. A recipient who lives here hears of it as a gap (L4). */
  async discard(letter: DeadLetter): Promise<void> {
    const envelope = await this.parts.letters.envelopeOf(letter);
    if (envelope === undefined) return;
    const { gaps, isHome, takePosition, gapAdded } = this.parts;
    const user = userOfInbox(envelopeRecipient(envelope));
    const isToldHere = isHome(user);
    const gap = gapOf(envelope, takePosition());
    await this.remove(letter, 'dead-letter-discarded', (batch) => {
      if (isToldHere) gaps.write(batch, user, gap);
    });
    if (isToldHere) gapAdded(user, gap);
  }

  private remove(letter: DeadLetter, event: string, apply: (batch: StoreBatch) => void): Promise<void> {
    const { letters } = this.parts;
    return new Promise((resolve) => {
      this.parts.change({
        apply(batch) {
          letters.remove(batch, letter);
          apply(batch);
        },
        done() {
          letters.removed(letter, event);
          resolve();
        },
        isSynced: true,
      });
    });
  }
}

/** At a place that no cursor has passed: where the message stood, its reader has read on long since. */
function gapOf(envelope: Buffer, position: number): InboxGap {
  const stamp = envelopeStamp(envelope);
  const place = { bucket: 0, from: position, through: position };
  return { ...place, messages: envelopeCount(envelope), firstStamp: stamp, lastStamp: stamp, reason: GapReason.expired };
}
