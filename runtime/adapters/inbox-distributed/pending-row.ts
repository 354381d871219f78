import type { StoredEnvelope } from '../../ports/inbox-store.ts';
import type { ChunkRange } from './group-entries.ts';

/** An envelope that the rows do not have yet. */
export interface PendingEnvelope {
  readonly envelope: Buffer;
  readonly chunk: number;
  readonly messages: number;
  /** The rows may have it, or another in its place. */
  readonly isInRows: boolean;
  /** Messages before it are read. */
  firstIndex: number;
}

/** Everything before the position is taken out, and of its envelope the messages up to the index. */
export interface Cursor {
  readonly position: number;
  readonly index: number;
}

/** What happens to one inbox or outbox between two states of the rows. */
export class PendingRow {
  /** What is added and stays, by position. */
  readonly added = new Map<number, PendingEnvelope>();
  addedBytes = 0;
  /** What is taken out of the rows. */
  readonly removed = new Set<number>();
  cursor: Cursor | undefined;
  /** Where what is taken out may lie. */
  chunks: ChunkRange | undefined;
  /** False when the rows hold nothing of it, so that nothing has to be taken out of them. */
  readonly isInRows: boolean;
  /** The stored summary has counted it, of an inbox in a replay. */
  isCounted = false;

  constructor(isInRows: boolean) {
    this.isInRows = isInRows;
  }

  add(position: number, envelope: Omit<PendingEnvelope, 'firstIndex'>): void {
    const isInRows = envelope.isInRows || this.removed.delete(position) || this.added.get(position)?.isInRows === true;
    this.drop(position);
    this.added.set(position, { ...envelope, isInRows, firstIndex: 0 });
    this.addedBytes += envelope.envelope.length;
  }

  remove(position: number, chunks: ChunkRange): void {
    const pending = this.added.get(position);
    this.drop(position);
    if (!this.isInRows || pending?.isInRows === false) return;
    this.removed.add(position);
    this.widen(chunks);
  }

  trim(cursor: Cursor, chunks: ChunkRange): void {
    for (const [position, pending] of this.added) {
      if (position > cursor.position) continue;
      if (position < cursor.position || cursor.index >= pending.messages - 1) this.drop(position);
      else pending.firstIndex = Math.max(pending.firstIndex, cursor.index + 1);
    }
    if (!this.isInRows) return;
    this.cursor = furthest(this.cursor, cursor);
    this.widen(chunks);
  }

  /** What is left of an envelope from before. */
  left(position: number, firstIndex: number, messages: number): number | undefined {
    if (this.removed.has(position)) return undefined;
    const { cursor } = this;
    if (cursor === undefined || position > cursor.position) return firstIndex;
    if (position < cursor.position || cursor.index >= messages - 1) return undefined;
    return Math.max(firstIndex, cursor.index + 1);
  }

  private drop(position: number): void {
    const pending = this.added.get(position);
    if (pending === undefined) return;
    this.added.delete(position);
    this.addedBytes -= pending.envelope.length;
  }

  private widen({ first, last }: ChunkRange): void {
    const { chunks } = this;
    this.chunks = chunks === undefined ? { first, last } : { first: Math.min(chunks.first, first), last: Math.max(chunks.last, last) };
  }
}

/** What the rows do not show of an inbox or outbox, from the oldest changes to the newest. */
export interface Overlay {
  readonly rows: readonly PendingRow[];
  /** Nothing behind it was committed when the read began. */
  readonly through: number;
}

/** What is added and still there, behind `after`, ascending. */
export function addedIn({ rows, through }: Overlay, after: number, messagesOf: (envelope: Buffer) => number): StoredEnvelope[] {
  const all = new Map<number, StoredEnvelope>();
  for (const row of rows) {
    for (const [position, { envelope, firstIndex }] of all) {
      const left = row.left(position, firstIndex, messagesOf(envelope));
      if (left === undefined) all.delete(position);
      else if (left !== firstIndex) all.set(position, { position, envelope, firstIndex: left });
    }
    for (const [position, { envelope, firstIndex }] of row.added) {
      if (position > after && position <= through) all.set(position, { position, envelope, firstIndex });
    }
  }
  return [...all.values()].sort((a, b) => a.position - b.position);
}

/** What the changes leave of an envelope of the rows; undefined where they take it out, or bring another. */
export function leftOf(
  { rows, through }: Overlay,
  stored: StoredEnvelope,
  messagesOf: (envelope: Buffer) => number,
): StoredEnvelope | undefined {
  const { position, envelope } = stored;
  if (position > through) return undefined;
  let { firstIndex } = stored;
  for (const row of rows) {
    if (row.added.has(position)) return undefined;
    const left = row.left(position, firstIndex, messagesOf(envelope));
    if (left === undefined) return undefined;
    firstIndex = left;
  }
  return firstIndex === stored.firstIndex ? stored : { position, envelope, firstIndex };
}

function furthest(known: Cursor | undefined, next: Cursor): Cursor {
  if (known === undefined || next.position > known.position) return next;
  return next.position < known.position || next.index <= known.index ? known : next;
}
