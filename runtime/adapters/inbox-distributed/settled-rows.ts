import { GROUP_MEASURES_MAX } from '../../contract/limits.ts';
import { GROUP_APPLY_CHANGES_MAX } from '../../contract/limits-store.ts';
import type { GroupRows, InboxKey, InboxMeasure, RowChange } from '../../ports/group-rows.ts';
import type { GroupContents } from './group-contents.ts';
import type { ChunkRange } from './group-entries.ts';
import { type InboxBook, keyOfRow, type SettledInbox } from './inbox-book.ts';
import type { Cursor, PendingRow } from './pending-row.ts';
import type { Unapplied } from './unapplied.ts';

/** What a layer of changes makes of the rows. */
export interface RowPlan {
  /** To be applied one after the other, first what inboxes have come to: so a replay knows what has been counted. No row is in two of them. */
  readonly parts: Iterator<readonly RowChange[], undefined>;
  /** By row. */
  readonly settled: ReadonlyMap<string, SettledInbox>;
  /** Rows of inboxes to count anew once the changes are there, instead. */
  readonly recounts: readonly string[];
}

/**
 * Works out what to write. What is taken out of the rows is measured before, while it is still there. Inboxes that are counted are in
 * the stored summaries with these changes already.
 */
export async function planRows(layer: Unapplied, contents: GroupContents, rows: GroupRows): Promise<RowPlan> {
  const takenOutOfRows: RowChange[] = [];
  const summaries: RowChange[] = [];
  const settled = new Map<string, SettledInbox>();
  const recounts: string[] = [];
  const settle = async ([row, pending]: [string, PendingRow]) => {
    const inbox = keyOfRow(row);
    const held = contents.inboxes.get(row);
    const taken = await takenOut(inbox, { pending, rows, firstPosition: layer.isReplay ? 0 : (held?.firstPosition ?? 0) });
    for (const change of taken.changes) takenOutOfRows.push(change);
    if (pending.isCounted || held === undefined) return;
    if (layer.isReplay && contents.isRecounted(row, pending)) return void recounts.push(row);
    const left = { envelopes: Math.max(0, held.rowEnvelopes - taken.envelopes), bytes: Math.max(0, held.rowBytes - taken.bytes) };
    const start = startOf(
      pending,
      left.envelopes === 0 ? undefined : (taken.first ?? { position: held.firstPosition, chunk: held.firstChunk }),
    );
    const now = { envelopes: left.envelopes + pending.added.size, bytes: left.bytes + pending.addedBytes, ...start };
    settled.set(row, now);
    if (held.rowEnvelopes > 0 || now.envelopes > 0)
      summaries.push({ kind: 'summary', summary: contents.inboxes.summaryOf(row, now, layer.number) });
  };
  await forEachOf(layer.inboxes, settle);
  return { parts: partsOf(summaries, takenOutOfRows, changesOf(layer)), settled, recounts };
}

/** So much at a time that what its statements take in memory does not grow with the layer. */
function* partsOf(...lists: Iterable<RowChange>[]): Generator<RowChange[], undefined> {
  for (const changes of lists) {
    let part: RowChange[] = [];
    for (const change of changes) {
      if (part.push(change) < GROUP_APPLY_CHANGES_MAX) continue;
      yield part;
      part = [];
    }
    if (part.length > 0) yield part;
  }
}

/** All but what is taken out of inboxes. */
function* changesOf(layer: Unapplied): Generator<RowChange> {
  for (const [row, pending] of layer.inboxes) yield* additions(keyOfRow(row), pending);
  for (const [group, pending] of layer.outboxes) {
    for (const position of pending.removed) yield { kind: 'no-outgoing', group, position };
    for (const [position, { envelope }] of pending.added) yield { kind: 'outgoing', group, position, envelope };
  }
  for (const [key, { mark, timeMs }] of layer.marks) yield { kind: 'mark', key, mark, timeMs };
  for (const [user, seconds] of layer.seen) yield { kind: 'seen', user: Buffer.from(user, 'latin1'), seconds };
  for (const { kind: record, user, value } of layer.records.values())
    yield value === undefined ? { kind: 'no-record', record, user } : { kind: 'record', record, user, value };
  for (const { parked, isKept } of layer.parked.values()) yield { kind: isKept ? 'parked' : 'not-parked', parked };
}

/** What the rows hold of inboxes. */
export async function countInboxes(names: readonly string[], book: InboxBook, rows: GroupRows): Promise<Map<string, SettledInbox>> {
  const counted = new Map<string, SettledInbox>();
  await forEachOf(names, async (row) => {
    const { firstChunk = 0, lastChunk = 0 } = book.get(row) ?? {};
    const range = { inbox: keyOfRow(row), firstChunk, lastChunk, firstPosition: 0 };
    const { envelopes, bytes } = await rows.measureInbox({ ...range, position: Number.MAX_SAFE_INTEGER });
    const { next } = envelopes === 0 ? { next: undefined } : await rows.measureInbox({ ...range, position: 0 });
    counted.set(row, { envelopes, bytes, firstPosition: next?.position ?? Number.MAX_SAFE_INTEGER, firstChunk: next?.chunk ?? 0 });
  });
  return counted;
}

interface TakingOut {
  readonly pending: PendingRow;
  readonly rows: GroupRows;
  /** The rows hold nothing of the inbox before it. 0 while a log is replayed, when they may be ahead of what is known of them. */
  readonly firstPosition: number;
}

interface Taken {
  readonly changes: RowChange[];
  readonly envelopes: number;
  readonly bytes: number;
  /** Nothing that stays lies before it; undefined where nothing was looked at. */
  readonly first: { readonly position: number; readonly chunk: number } | undefined;
}

/**
 * What the rows lose of an inbox, counted while it is there. What is not there is taken out too: a former owner’s write of it may still come.
 */
async function takenOut(inbox: InboxKey, { pending, rows, firstPosition }: TakingOut): Promise<Taken> {
  const { cursor, removed, chunks } = pending;
  if (chunks === undefined) return { changes: [], envelopes: 0, bytes: 0, first: undefined };
  const range = { inbox, firstChunk: chunks.first, lastChunk: chunks.last, firstPosition };
  const measure = (position: number) => rows.measureInbox({ ...range, position });
  const taken = cursor === undefined ? undefined : await trimmed(inbox, { cursor, chunks, pending, measure });
  const changes = [...(taken?.changes ?? [])];
  let { envelopes, bytes, next: first } = taken?.counted ?? (await measure(0));
  for (const position of removed) {
    if (position < (taken?.end ?? 0)) continue;
    const { next } = await measure(position);
    if (next?.position === position) {
      envelopes++;
      bytes += next.bytes;
      changes.push({ kind: 'no-envelope', inbox, chunk: next.chunk, position });
    } else for (let chunk = chunks.first; chunk <= chunks.last; chunk++) changes.push({ kind: 'no-envelope', inbox, chunk, position });
  }
  while (first !== undefined && removed.has(first.position)) first = (await measure(first.position + 1)).next;
  return { changes, envelopes, bytes, first };
}

interface Trim {
  readonly cursor: Cursor;
  readonly chunks: ChunkRange;
  readonly pending: PendingRow;
  readonly measure: (position: number) => Promise<InboxMeasure>;
}

async function trimmed(
  inbox: InboxKey,
  { cursor: { position, index }, chunks, pending, measure }: Trim,
): Promise<{ changes: RowChange[]; counted: InboxMeasure; end: number }> {
  const before = await measure(position);
  const { next } = before;
  const isThere = next?.position === position;
  const isPartlyRead = isThere ? index < next.messages - 1 : pending.added.has(position);
  const end = isPartlyRead ? position : position + 1;
  const changes: RowChange[] = [{ kind: 'trim', inbox, firstChunk: chunks.first, chunk: chunks.last, position: end }];
  if (isThere && isPartlyRead && !pending.removed.has(position)) changes.push({ kind: 'read', inbox, chunk: next.chunk, position, index });
  return { changes, counted: isThere && !isPartlyRead ? await measure(end) : before, end };
}

function* additions(inbox: InboxKey, { added }: PendingRow): Generator<RowChange> {
  for (const [position, { chunk, envelope, messages, firstIndex }] of added) {
    yield { kind: 'envelope', inbox, chunk, position, envelope, messages };
    if (firstIndex > 0) yield { kind: 'read', inbox, chunk, position, index: firstIndex - 1 };
  }
}

/** Where what is left begins. */
function startOf(
  { added }: PendingRow,
  first: { position: number; chunk: number } | undefined,
): { firstPosition: number; firstChunk: number } {
  let firstPosition = first?.position ?? Number.MAX_SAFE_INTEGER;
  let firstChunk = first?.chunk ?? Number.MAX_SAFE_INTEGER;
  for (const [position, { chunk }] of added) {
    firstPosition = Math.min(firstPosition, position);
    firstChunk = Math.min(firstChunk, chunk);
  }
  return { firstPosition, firstChunk: firstChunk === Number.MAX_SAFE_INTEGER ? 0 : firstChunk };
}

/** Calls `work` for each, GROUP_MEASURES_MAX at a time. */
async function forEachOf<T>(all: Iterable<T>, work: (one: T) => Promise<void>): Promise<void> {
  const rest = all[Symbol.iterator]();
  const run = async () => {
    for (let next = rest.next(); next.done !== true; next = rest.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: GROUP_MEASURES_MAX }, run));
}
