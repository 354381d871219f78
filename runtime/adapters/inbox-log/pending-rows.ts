import { compareRows, RowKind, rowHash, rowLength, seenRowLength, writeSeenRow } from './mark-row.ts';
import type { PendingMarks } from './pending-marks.ts';

/** Parts by hash in which rows are sorted, so that none holds the event loop: 256 rows or so each. */
const PARTS_BITS = 8;
const PARTS = 2 ** PARTS_BITS;
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
export async function* sortedRows(pending: Pending, rest: () => Promise<void>): AsyncGenerator<Buffer> {
  const rows = new RowParts(pending);
  for (let from = 0; from < rows.count; from += ROWS_AT_ONCE) {
    rows.look(from, Math.min(rows.count, from + ROWS_AT_ONCE));
    await rest();
  }
  rows.divide();
  for (let part = 0; part < PARTS; part++) yield inOrder(rows.written(part));
}

/** Rows by the highest bits of their hashes. What is done for each row is in short loops of their own, so that it is compiled once and stays so. */
class RowParts {
  readonly count: number;
  private readonly marks: PendingMarks;
  private readonly users: readonly [string, { readonly seconds: number }][];
  private readonly hashes: Uint32Array;
  /** Hash and number of each row as one, in the order of the parts. */
  private readonly places: Float64Array;
  private readonly counts = new Uint32Array(PARTS);
  /** Of each part’s rows. */
  private readonly bytes = new Uint32Array(PARTS);
  private readonly ends = new Uint32Array(PARTS);

  constructor({ marks, seen }: Pending) {
    this.marks = marks;
    this.users = [...seen];
    this.count = marks.size + this.users.length;
    this.hashes = new Uint32Array(this.count);
    this.places = new Float64Array(this.count);
  }

  /** Hashes and lengths of the rows `from … to - 1`. */
  look(from: number, to: number): void {
    const { marks, hashes, counts, bytes } = this;
    for (let number = from; number < to; number++) {
      const isMark = number < marks.size;
      const hash = isMark ? marks.rowHash(number) : rowHash(RowKind.seen, this.user(number));
      const part = hash >>> (32 - PARTS_BITS);
      hashes[number] = hash;
      counts[part]!++;
      bytes[part]! += isMark ? marks.rowLength(number) : seenRowLength(this.user(number));
    }
  }

  /** After all were looked at. */
  divide(): void {
    const { hashes, places, ends } = this;
    for (let part = 1; part < PARTS; part++) ends[part] = (ends[part - 1] as number) + (this.counts[part - 1] as number);
    for (let number = 0; number < hashes.length; number++) {
      const hash = hashes[number] as number;
      places[ends[hash >>> (32 - PARTS_BITS)]!++] = hash * NUMBERS + number;
    }
  }

  /** A part’s rows by their hashes. */
  written(part: number): Buffer {
    const end = this.ends[part] as number;
    const places = this.places.subarray(end - (this.counts[part] as number), end).sort();
    const out = Buffer.allocUnsafe(this.bytes[part] as number);
    let at = 0;
    for (let i = 0; i < places.length; i++) {
      const place = places[i] as number;
      const number = place % NUMBERS;
      at = this.write(number, (place - number) / NUMBERS, out, at);
    }
    return out;
  }

  private write(number: number, hash: number, out: Buffer, at: number): number {
    if (number < this.marks.size) return this.marks.writeRow(number, out, at, hash);
    const [user, { seconds }] = this.users[number - this.marks.size] as [string, { seconds: number }];
    return writeSeenRow(out, at, hash, { user, seconds });
  }

  private user(number: number): string {
    return this.users[number - this.marks.size]?.[0] as string;
  }
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
