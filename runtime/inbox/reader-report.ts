import { READ_NOTES_MAX, UNACKNOWLEDGED_MAX } from '../contract/limits.ts';
import { type SequenceSet, unite } from '../contract/sequence-set.ts';
import type { StoreBatch } from '../ports/inbox-store.ts';
import type { Change } from './change.ts';
import { FIRST_BUCKET } from './reader-cursors.ts';
import type { StatusNote } from './status-ledger.ts';

export interface ReaderReportParts {
  readonly user: Buffer;
  change(change: Change): void;
  /** Calls back with whom the acknowledgement of one envelope concerns: at once where memory knows, else when the store has been asked. */
  lookUp(position: number, found: (notes: readonly StatusNote[]) => void): void;
  /** Calls back once the user is here, or lives elsewhere; false where there is nothing to wait for. */
  awaits(callback: (isHere: boolean) => void): boolean;
  /** Everything that was said is in the store. */
  ended(): void;
}

/**
 * What one reader says beside its cursor: which envelopes it has, one by one as in v1, and what it has read. It is one change and one look-up
 * however fast it comes and however long the store is away (L8): what comes while they are under way goes with the next try. Of more than
 * UNACKNOWLEDGED_MAX envelopes the rest comes again at the next login.
 */
export class ReaderReport {
  private readonly parts: ReaderReportParts;
  /** Positions of which nobody knows yet whom they concern. */
  private readonly waiting = new Set<number>();
  private readonly removed = new Set<number>();
  private readonly reads = new Map<string, SequenceSet>();
  private notes: StatusNote[] = [];
  /** With the commit under way: how many of `removed`, in their order, of `notes`, and which reads. */
  private taken = { removed: 0, notes: 0 };
  private readonly takenReads = new Map<string, SequenceSet>();
  private isLookingUp = false;
  private isOpen = false;

  constructor(parts: ReaderReportParts) {
    this.parts = parts;
  }

  remove(position: number): void {
    if (this.waiting.size + this.removed.size >= UNACKNOWLEDGED_MAX) return;
    this.waiting.add(position);
    if (!this.isLookingUp) this.begin();
  }

  /** False where it cannot be kept: then it is not told. */
  read(markKey: string, sequences: SequenceSet): boolean {
    const known = this.reads.get(markKey);
    if (known === undefined && this.reads.size + this.takenReads.size >= READ_NOTES_MAX) return false;
    this.reads.set(markKey, unite(known ?? [], sequences));
    this.open();
    return true;
  }

  private begin(): void {
    this.isLookingUp = true;
    const isAwaited = this.parts.awaits((isHere) => {
      if (!isHere) this.waiting.clear();
      this.lookUpAll();
    });
    if (!isAwaited) this.lookUpAll();
  }

  /** One after the other; those that memory knows in one go. */
  private lookUpAll(): void {
    for (const position of this.waiting) {
      let isFound = false;
      let isLate = false;
      this.parts.lookUp(position, (notes) => {
        isFound = true;
        this.waiting.delete(position);
        this.removed.add(position);
        for (const note of notes) this.notes.push(note);
        this.open();
        if (isLate) this.lookUpAll();
      });
      if (!isFound) {
        isLate = true;
        return;
      }
    }
    this.isLookingUp = false;
    this.endIfDone();
  }

  private open(): void {
    if (this.isOpen) return;
    this.isOpen = true;
    this.parts.change({
      notes: () => this.take(),
      apply: (batch) => this.apply(batch),
      done: () => this.committed(),
      isPatient: true,
    });
  }

  /** What is said so far goes with this try. */
  private take(): StatusNote[] {
    this.taken = { removed: this.removed.size, notes: this.notes.length };
    for (const [markKey, read] of this.reads) this.takenReads.set(markKey, unite(this.takenReads.get(markKey) ?? [], read));
    this.reads.clear();
    return [...this.notes, ...[...this.takenReads].map(([markKey, read]) => ({ markKey, delivered: [], read }))];
  }

  private apply(batch: StoreBatch): void {
    let left = this.taken.removed;
    for (const position of this.removed) {
      if (left-- === 0) return;
      batch.removeInbox(this.parts.user, FIRST_BUCKET, position);
    }
  }

  private committed(): void {
    let left = this.taken.removed;
    for (const position of this.removed) {
      if (left-- === 0) break;
      this.removed.delete(position);
    }
    this.notes = this.notes.slice(this.taken.notes);
    this.takenReads.clear();
    this.isOpen = false;
    if (this.removed.size > 0 || this.reads.size > 0) this.open();
    else this.endIfDone();
  }

  private endIfDone(): void {
    if (!this.isOpen && !this.isLookingUp) this.parts.ended();
  }
}
