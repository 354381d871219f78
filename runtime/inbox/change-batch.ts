import type { Turns } from '../measure/turns.ts';
import type { StoreBatch } from '../ports/inbox-store.ts';
import type { AppendOrder } from './append-order.ts';
import type { Change } from './change.ts';
import type { StatusNote } from './status-ledger.ts';

/** The changes of one commit, and which of them is at work: where that throws, it alone is to blame. */
export class ChangeBatch {
  readonly all: readonly Change[];
  private inHand: Change | undefined;

  constructor(changes: readonly Change[]) {
    this.all = changes;
  }

  get isSynced(): boolean {
    return this.all.some((change) => change.isSynced === true);
  }

  /** The one that threw. */
  get culprit(): Change | undefined {
    return this.inHand;
  }

  /** Those that may be tried again. */
  get blameless(): Change[] {
    return this.all.filter((change) => change !== this.inHand);
  }

  /** Most changes have none, and there are as many as acknowledgements. */
  notes(): StatusNote[] {
    const notes: StatusNote[] = [];
    this.each((change) => {
      if (change.notes !== undefined) notes.push(...change.notes());
    });
    return notes;
  }

  markKeys(order: AppendOrder): string[] {
    const keys: string[] = [];
    this.each((change) => {
      if (change.markKeys !== undefined) keys.push(...change.markKeys(order));
    });
    return keys;
  }

  decide(order: AppendOrder): void {
    this.each((change) => change.decide?.(order));
  }

  /** There may be as many as CHANGES_MAX. */
  async apply(batch: StoreBatch, turns: Turns): Promise<void> {
    for (const change of this.all) {
      this.inHand = change;
      change.apply(batch);
      if (turns.spend(0)) await turns.rest();
    }
    this.inHand = undefined;
  }

  /** The commit failed. */
  undone(): void {
    for (const change of this.all) change.undone?.();
  }

  /** The commit is in the store. */
  done(): void {
    for (const change of this.all) change.done?.();
  }

  private each(work: (change: Change) => void): void {
    for (const change of this.all) {
      this.inHand = change;
      work(change);
    }
    this.inHand = undefined;
  }
}
