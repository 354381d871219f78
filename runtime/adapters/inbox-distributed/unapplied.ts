import type { Checkpoint } from '../../ports/group-rows.ts';
import type { RecordKind, StoredMark, StoredParked } from '../../ports/inbox-store.ts';
import { PendingRow } from './pending-row.ts';

/** Changes that the log has and the rows do not, of batches in a row: of each thing the last counts. */
export class Unapplied {
  readonly inboxes = new Map<string, PendingRow>();
  readonly outboxes = new Map<string, PendingRow>();
  readonly marks = new Map<string, { readonly mark: StoredMark; readonly timeMs: number }>();
  /** Seconds by user, one byte a character. */
  readonly seen = new Map<string, number>();
  /** By the record’s row; undefined for one that was removed. */
  readonly records = new Map<string, { readonly kind: RecordKind; readonly user: Buffer; readonly value: Buffer | undefined }>();
  readonly parked = new Map<string, { readonly parked: StoredParked; readonly isKept: boolean }>();
  /** Bytes of the log’s entries that hold them. */
  bytes = 0;
  /** Of its last batch. */
  number: number;
  /** Read from a log that is being opened: the rows may have any of it already, written by the owner before. */
  readonly isReplay: boolean;
  /** How far the rows have come with it; undefined while it gathers. */
  reached: Checkpoint | undefined;

  constructor(number: number, isReplay: boolean) {
    this.number = number;
    this.isReplay = isReplay;
  }

  get isEmpty(): boolean {
    return this.bytes === 0;
  }

  inbox(row: string, isInRows: boolean): PendingRow {
    return pendingOf(this.inboxes, row, isInRows);
  }

  outbox(group: string, isInRows: boolean): PendingRow {
    return pendingOf(this.outboxes, group, isInRows);
  }
}

function pendingOf(all: Map<string, PendingRow>, key: string, isInRows: boolean): PendingRow {
  const known = all.get(key);
  if (known !== undefined) return known;
  const pending = new PendingRow(isInRows);
  all.set(key, pending);
  return pending;
}
