import type { DeadLetter } from '../contract/dead-letter.ts';
import { errorLine } from '../contract/errors.ts';
import { DEAD_LETTERS_MAX, PAGE_BYTES_MAX } from '../contract/limits.ts';
import type { Clock } from '../ports/clock.ts';
import { type InboxStore, RecordKind, type StoreBatch } from '../ports/inbox-store.ts';
import type { UndeliveredEnvelope } from '../ports/shard-owner.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { envelopeRecipient, envelopeSender } from '../wire/envelope.ts';
import type { Change } from './change.ts';

export interface SetAside {
  readonly from: 'inbox' | 'outbox';
  readonly group: string;
  readonly position: number;
  readonly envelope: Buffer;
  readonly tries: number;
  readonly reason: string;
  /** Takes the envelope from where it stood, with the same commit. */
  readonly remove: (batch: StoreBatch) => void;
}

export interface DeadLettersParts {
  readonly store: InboxStore;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  change(change: Change): void;
}

/**
 * Acknowledged messages that their handler failed on again and again: kept with the reason, out of the way of the others (X3, F14).
 * DeadLetter record => headerLength:u32 header:JSON envelope
 */
export class DeadLetters {
  private readonly parts: DeadLettersParts;
  private readonly letters = new Map<string, DeadLetter>();
  private readonly count: { value: number };

  constructor(parts: DeadLettersParts) {
    this.parts = parts;
    this.count = parts.telemetry.counter('iris_messages_set_aside_total', 'Envelopes set aside because their handler failed on them');
    parts.telemetry.gauge('iris_dead_letters', 'Envelopes that are set aside, listed at /dead-letters', () => this.letters.size);
  }

  /** Takes up what earlier runs have set aside. */
  async load(): Promise<void> {
    for (const { user, value } of await this.parts.store.readRecords(RecordKind.deadLetter)) {
      const header = value.toString('utf8', 4, 4 + value.readUInt32BE(0));
      this.letters.set(user.toString('latin1'), JSON.parse(header) as DeadLetter);
    }
  }

  get list(): readonly DeadLetter[] {
    return [...this.letters.values()];
  }

  /** A letter’s bytes; undefined where it is not here any more. */
  async envelopeOf(letter: DeadLetter): Promise<Buffer | undefined> {
    const value = await this.parts.store.readRecord(RecordKind.deadLetter, recordName(letter));
    return value?.subarray(4 + value.readUInt32BE(0));
  }

  remove(batch: StoreBatch, letter: DeadLetter): void {
    batch.removeRecord(RecordKind.deadLetter, recordName(letter));
  }

  /** The removal is in the store. */
  removed(letter: DeadLetter, event: string): void {
    if (this.letters.delete(keyOf(letter))) this.parts.telemetry.log.warn(event, { ...letter });
  }

  /** Sets aside an envelope of a user’s inbox that its reader could not be given. */
  async undelivered(user: Buffer, { bucket, position, tries, reason }: UndeliveredEnvelope): Promise<void> {
    try {
      const [entry] = await this.parts.store.readInbox(user, bucket, position - 1, { envelopesMax: 1, bytesMax: PAGE_BYTES_MAX });
      if (entry?.position !== position) return;
      const remove = (batch: StoreBatch) => batch.removeInbox(user, bucket, position);
      this.setAside({ from: 'inbox', group: '', position, envelope: entry.envelope, tries, reason, remove });
    } catch (error) {
      // It is pushed again, fails again, and is told again.
      this.parts.telemetry.log.error('inbox-read-failed', { reason: errorLine(error) });
    }
  }

  /** False when as many as may be are set aside: then the envelope stays where it is and goes on failing, which the log tells. */
  setAside({ envelope, remove, ...place }: SetAside): boolean {
    const key = keyOf(place);
    if (this.letters.has(key)) return true;
    const { telemetry, clock } = this.parts;
    const letter: DeadLetter = {
      ...place,
      sender: envelopeSender(envelope).toString('utf8'),
      recipient: envelopeRecipient(envelope).toString('utf8'),
      bytes: envelope.length,
      setAsideAtMs: clock.nowMs(),
    };
    if (this.letters.size >= DEAD_LETTERS_MAX) {
      telemetry.log.error('dead-letters-full', { ...letter, limit: DEAD_LETTERS_MAX });
      return false;
    }
    this.letters.set(key, letter);
    this.count.value++;
    telemetry.log.error('message-set-aside', { ...letter });
    const header = Buffer.from(JSON.stringify(letter));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(header.length);
    const value = Buffer.concat([length, header, envelope]);
    const apply = (batch: StoreBatch) => {
      batch.setRecord(RecordKind.deadLetter, recordName(letter), value);
      remove(batch);
    };
    this.parts.change({ apply, isSynced: true });
    return true;
  }
}

function keyOf({ from, group, position }: Pick<DeadLetter, 'from' | 'group' | 'position'>): string {
  return `${from}/${group}/${position}`;
}

function recordName(letter: DeadLetter): Buffer {
  return Buffer.from(keyOf(letter), 'latin1');
}
