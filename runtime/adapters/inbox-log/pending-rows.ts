import { compareRows, markRowLength, RowKind, rowHash, rowLength, seenRowLength, writeMarkRow, writeSeenRow } from './mark-row.ts';
import type { PendingMarks } from './pending-marks.ts';

/** Parts by hash in which rows are sorted, so that none holds the event loop: 256 rows or so each. */
const PARTS_BITS = 8;
/** Rows looked at before other work has its turn: less than a millisecond of the event loop. */
const ROWS_AT_ONCE = 8_192;
/** Numbers that stand beside a hash of 32 bits in a whole number below 2^53. */
const NUMBERS = 2 ** 21;

/** What the log says and no run does yet. */
export interface Pending {
  readonly marks: PendingMarks;
  readonly seen: Map<string, { seconds: number; sequence: number }>;
}

/**
 * Pending rows in the order of a run, part by part. They are sorted as numbers, hash and place in one, and each is written once, where it
 * goes: no row is an object.
 */
export async function* sortedRows({ marks, seen }: Pending, rest: () => Promise<void>): AsyncGenerator<Buffer> {
  const users = [...seen];
  const count = marks.size + users.length;
  const hashes = new Uint32Array(count);
  for (let number = 0; number < count; number++) {
    hashes[number] = number < marks.size ? marks.rowHash(number) : rowHash(RowKind.seen, users[number - marks.size]?.[0] as string);
    if (number % ROWS_AT_ONCE === 0) await rest();
  }
  const { places, ends } = partsOf(hashes);
  let start = 0;
  for (const end of ends) {
    yield inOrder(writtenRows(places.subarray(start, end).sort(), { marks, users }));
    start = end;
  }
}

/** Hash and number of each row, by the highest bits of the hash, and where each part ends. */
function partsOf(hashes: Uint32Array): { places: Float64Array; ends: Uint32Array } {
  const ends = new Uint32Array(2 ** PARTS_BITS);
  for (const hash of hashes) ends[hash >>> (32 - PARTS_BITS)]!++;
  const starts = new Uint32Array(ends.length);
  for (let part = 1; part < ends.length; part++) {
    starts[part] = ends[part - 1] as number;
    ends[part]! += ends[part - 1] as number;
  }
  const places = new Float64Array(hashes.length);
  hashes.forEach((hash, number) => {
    places[starts[hash >>> (32 - PARTS_BITS)]!++] = hash * NUMBERS + number;
  });
  return { places, ends };
}

function writtenRows(
  places: Float64Array,
  { marks, users }: { marks: PendingMarks; users: readonly [string, { seconds: number }][] },
): Buffer {
  let length = 0;
  for (const place of places) {
    const number = place % NUMBERS;
    length += number < marks.size ? markRowLength(marks.rowOf(number)) : seenRowLength(users[number - marks.size]?.[0] as string);
  }
  const bytes = Buffer.allocUnsafe(length);
  let at = 0;
  for (const place of places) {
    const number = place % NUMBERS;
    const hash = (place - number) / NUMBERS;
    if (number < marks.size) at = writeMarkRow(bytes, at, hash, marks.rowOf(number));
    else {
      const [user, { seconds }] = users[number - marks.size] as [string, { seconds: number }];
      at = writeSeenRow(bytes, at, hash, { user, seconds });
    }
  }
  return bytes;
}

/** Rows of one hash go by kind and key; there are hardly ever any. */
function inOrder(bytes: Buffer): Buffer {
  let isOrdered = true;
  let before = 0;
  for (let at = bytes.length === 0 ? 0 : rowLength(bytes, 0); at < bytes.length && isOrdered; at += rowLength(bytes, at)) {
    isOrdered = compareRows(bytes, before, bytes, at) < 0;
    before = at;
  }
  if (isOrdered) return bytes;
  const rows: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += rowLength(bytes, at)) rows.push(bytes.subarray(at, at + rowLength(bytes, at)));
  return Buffer.concat(rows.sort((a, b) => compareRows(a, 0, b, 0)));
}
