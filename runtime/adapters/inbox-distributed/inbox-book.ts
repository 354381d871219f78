import { GROUP_CHUNK_BYTES, SWEEP_ROWS } from '../../contract/limits.ts';
import type { InboxKey, InboxSummary } from '../../ports/group-rows.ts';
import type { RowBounds } from '../../ports/inbox-store.ts';
import { inboxRow } from '../inbox-log/log-operations.ts';
import type { ChunkRange } from './group-entries.ts';
import type { PendingRow } from './pending-row.ts';

/** What is known of an inbox that may hold something. */
export interface HeldInbox {
  /** In the rows, after the last changes applied to them. */
  rowEnvelopes: number;
  rowBytes: number;
  /** No envelope lies before it. */
  firstPosition: number;
  /** Of what is committed. */
  lastPosition: number;
  /** Of what is on its way to the log too. */
  placedPosition: number;
  firstChunk: number;
  lastChunk: number;
  lastChunkBytes: number;
}

/** What an inbox has come to with changes that are now in the rows. */
export interface SettledInbox {
  readonly envelopes: number;
  readonly bytes: number;
  readonly firstPosition: number;
  readonly firstChunk: number;
}

const NOTHING: ChunkRange = { first: 0, last: 0 };
const FIRST_BUCKET_ROWS = 'i\0\0\0\0';

/**
 * The inboxes of a group that hold something: a summary of each, its envelopes are in the rows. About 290 bytes an inbox as measured, which
 * WAITING_INBOXES_MAX bounds. What it says of an inbox is never too little, and exact when the rows have caught up.
 */
export class InboxBook {
  private readonly inboxes = new Map<string, HeldInbox>();
  private readonly full = new Set<string>();
  private readonly bounds: RowBounds;
  /** What the rows do not have yet of an inbox, from the oldest to the newest. */
  private readonly pendingOf: (row: string) => readonly PendingRow[];

  constructor(bounds: RowBounds, pendingOf: (row: string) => readonly PendingRow[]) {
    this.bounds = bounds;
    this.pendingOf = pendingOf;
  }

  get size(): number {
    return this.inboxes.size;
  }

  get hasFull(): boolean {
    return this.full.size > 0;
  }

  isFull(row: string): boolean {
    return this.full.has(row);
  }

  get(row: string): HeldInbox | undefined {
    return this.inboxes.get(row);
  }

  load(summary: InboxSummary): void {
    const { envelopes, bytes, firstPosition, lastPosition, firstChunk, lastChunk, lastChunkBytes } = summary;
    const row = inboxRow(summary.user, summary.bucket);
    const chunks = { firstChunk, lastChunk, lastChunkBytes };
    this.inboxes.set(row, {
      rowEnvelopes: envelopes,
      rowBytes: bytes,
      firstPosition,
      lastPosition,
      placedPosition: lastPosition,
      ...chunks,
    });
    this.judge(row);
  }

  /** Where an envelope goes that is on its way to the log. */
  place(row: string, position: number, bytes: number): ChunkRange {
    const held = this.heldOf(row, position);
    if (held.lastChunkBytes > 0 && held.lastChunkBytes + bytes > GROUP_CHUNK_BYTES) {
      held.lastChunk++;
      held.lastChunkBytes = 0;
    }
    held.lastChunkBytes += bytes;
    held.placedPosition = Math.max(held.placedPosition, position);
    return { first: held.lastChunk, last: held.lastChunk };
  }

  /** Chunks that hold what the inbox has. */
  chunksOf(row: string): ChunkRange {
    const held = this.inboxes.get(row);
    return held === undefined ? NOTHING : { first: held.firstChunk, last: held.lastChunk };
  }

  /** An envelope is in the log. */
  added(row: string, position: number, chunk: number): void {
    const held = this.heldOf(row, position);
    held.lastPosition = Math.max(held.lastPosition, position);
    held.placedPosition = Math.max(held.placedPosition, position);
    held.firstPosition = Math.min(held.firstPosition, position);
    if (chunk > held.lastChunk) {
      held.lastChunk = chunk;
      held.lastChunkBytes = GROUP_CHUNK_BYTES;
    }
    this.judge(row);
  }

  /** The rows have what they lacked. */
  settle(row: string, { envelopes, bytes, firstPosition, firstChunk }: SettledInbox): void {
    const held = this.inboxes.get(row);
    if (held === undefined) return;
    held.rowEnvelopes = envelopes;
    held.rowBytes = bytes;
    const pending = this.pendingOf(row);
    if (envelopes > 0) {
      held.firstPosition = firstPosition;
      held.firstChunk = firstChunk;
    } else if (pending.length === 0) this.inboxes.delete(row);
    else {
      const added = pending.flatMap((one) => [...one.added]);
      held.firstPosition = added.reduce((first, [position]) => Math.min(first, position), Number.MAX_SAFE_INTEGER);
      held.firstChunk = added.reduce((first, [, { chunk }]) => Math.min(first, chunk), held.lastChunk);
    }
    this.judge(row);
  }

  /** Looks again whether the inbox is full. */
  judge(row: string): void {
    const { envelopes, bytes } = this.sizeOf(row);
    if (envelopes >= this.bounds.envelopesMax || bytes >= this.bounds.bytesMax) this.full.add(row);
    else this.full.delete(row);
  }

  sizeOf(row: string): { envelopes: number; bytes: number } {
    const held = this.inboxes.get(row);
    let envelopes = held?.rowEnvelopes ?? 0;
    let bytes = held?.rowBytes ?? 0;
    for (const { added, addedBytes, isCounted } of this.pendingOf(row)) {
      if (isCounted) continue;
      envelopes += added.size;
      bytes += addedBytes;
    }
    return { envelopes, bytes };
  }

  summaryOf(row: string, settled: SettledInbox, number: number): InboxSummary {
    const { lastPosition = 0, lastChunk = 0, lastChunkBytes = 0 } = this.inboxes.get(row) ?? {};
    return { ...keyOfRow(row), ...settled, lastPosition, lastChunk, lastChunkBytes, number };
  }

  /** Rows that hold something. */
  *rows(): Generator<string> {
    for (const row of this.inboxes.keys()) if (this.sizeOf(row).envelopes > 0) yield row;
  }

  /** Users whose bucket 0 may hold an envelope below `position`; `undefined` after each SWEEP_ROWS rows. */
  *inboxesBefore(position: number): Generator<Buffer | undefined> {
    let looked = 0;
    for (const [row, { firstPosition }] of this.inboxes) {
      if (++looked % SWEEP_ROWS === 0) yield undefined;
      if (firstPosition < position && row.startsWith(FIRST_BUCKET_ROWS) && this.sizeOf(row).envelopes > 0)
        yield Buffer.from(row.slice(FIRST_BUCKET_ROWS.length), 'latin1');
    }
  }

  private heldOf(row: string, position: number): HeldInbox {
    const known = this.inboxes.get(row);
    if (known !== undefined) return known;
    const places = { firstPosition: position, lastPosition: 0, placedPosition: position };
    const held = { rowEnvelopes: 0, rowBytes: 0, ...places, firstChunk: 0, lastChunk: 0, lastChunkBytes: 0 };
    this.inboxes.set(row, held);
    return held;
  }
}

/** The inbox whose row this is. */
export function keyOfRow(row: string): InboxKey {
  const bytes = Buffer.from(row, 'latin1');
  return { user: bytes.subarray(5), bucket: bytes.readUInt32LE(1) };
}
