import type { IrisError } from '../contract/errors.ts';
import type { StoreBatch } from '../ports/inbox-store.ts';
import type { AppendOrder } from './append-order.ts';
import type { StatusNote } from './status-ledger.ts';

/** A change that rides with the next commit: a removal, a cursor. Idempotent, since a failed commit is tried again. */
export interface Change {
  /** Rows of sequences that `decide` needs. */
  markKeys?: (order: AppendOrder) => readonly string[];
  /** What it places, after the appends of its batch. */
  decide?: (order: AppendOrder) => void;
  /** The commit failed: what `decide` did outside of the order does not count. */
  undone?: () => void;
  apply(batch: StoreBatch): void;
  /** What it says of messages’ statuses; asked once for each try. */
  notes?: () => readonly StatusNote[];
  /** Hears that the change is in the store. */
  done?: () => void;
  /** Hears, in the place of `done`, that the change cannot be decided and is not tried again: STORE_FAILED with the reason. */
  dropped?: (error: IrisError) => void;
  /** True when `done` may wait for a commit that others need, or for CHANGE_DELAY_MS. */
  isPatient?: boolean;
  /** True when `done` must wait for the disk. */
  isSynced?: boolean;
}
