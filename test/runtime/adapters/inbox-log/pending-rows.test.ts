/** L2: marks and last-seen times reach a run in its order, each once, as they were last said; also where two keys have one hash. */
import { LogBatch, OperationReader } from '../../../../runtime/adapters/inbox-log/log-operations.ts';
import {
  compareRows,
  keyOf,
  markOf,
  RowKind,
  rowHash,
  rowLength,
  rowTimeMs,
  secondsOf,
} from '../../../../runtime/adapters/inbox-log/mark-row.ts';
import { PendingMarks } from '../../../../runtime/adapters/inbox-log/pending-marks.ts';
import { sortedRows } from '../../../../runtime/adapters/inbox-log/pending-rows.ts';

/** Two keys of marks with one FNV-1a hash. */
const [COLUMN_A, COLUMN_B] = collision();

function collision(): [string, string] {
  const known = new Map<number, string>();
  for (let i = 0; ; i++) {
    const hash = rowHash(RowKind.mark, `key ${i}`);
    const other = known.get(hash);
    if (other !== undefined) return [other, `key ${i}`];
    known.set(hash, `key ${i}`);
  }
}

function pendingOf(marks: readonly [key: string, high: number, sequence: number][]): PendingMarks {
  const pending = new PendingMarks();
  const reader = new OperationReader();
  for (const [key, high, sequence] of marks) {
    const batch = new LogBatch();
    batch.mark(key, { high, holes: high % 3 === 0 ? [{ from: 1, to: high }] : [] }, 10 * high);
    reader.begin(batch.bytes, 0, batch.length);
    reader.next();
    pending.take(reader, batch.markHashes[0], sequence);
  }
  return pending;
}

async function rowsOf(marks: PendingMarks, seen: readonly [string, number][]): Promise<Buffer[]> {
  const rows: Buffer[] = [];
  const pending = { marks, seen: new Map(seen.map(([user, seconds]) => [user, { seconds, sequence: 1 }])) };
  for await (const chunk of sortedRows(pending, async () => undefined)) {
    for (let at = 0; at < chunk.length; at += rowLength(chunk, at)) rows.push(chunk.subarray(at, at + rowLength(chunk, at)));
  }
  return rows;
}

it('writes rows in the order of a run, keys of one hash included', async () => {
  const marks = Array.from({ length: 3_000 }, (_, i): [string, number, number] => [`row ${i}`, i + 1, 1]);
  const rows = await rowsOf(pendingOf([...marks, [COLUMN_B, 1, 1], [COLUMN_A, 2, 1], ['row 7', 9_000, 2]]), [
    ['alice', 5],
    ['row 7', 6],
  ]);
  expect(rows).toHaveLength(3_004);
  for (let i = 1; i < rows.length; i++) expect(compareRows(rows[i - 1]!, 0, rows[i]!, 0)).toBeLessThan(0);
  const marked = new Map(rows.filter((row) => row[4] === RowKind.mark).map((row) => [keyOf(row), row]));
  expect(markOf(marked.get('row 7')!)).toEqual({ high: 9_000, holes: [{ from: 1, to: 9_000 }] });
  expect(rowTimeMs(marked.get('row 0')!)).toBe(10);
  expect([COLUMN_A, COLUMN_B].map((key) => markOf(marked.get(key)!).high)).toEqual([2, 1]);
  const times = rows.filter((row) => row[4] === RowKind.seen).map((row) => [keyOf(row), secondsOf(row)]);
  expect(new Map(times as [string, number][])).toEqual(
    new Map([
      ['alice', 5],
      ['row 7', 6],
    ]),
  );
});

it('keeps what later records say, and takes older marks back under newer ones', () => {
  const older = pendingOf([
    ['a', 1, 1],
    ['b', 3, 2],
  ]);
  const left = older.after(1);
  expect([left.of('a'), left.of('b')?.high]).toEqual([undefined, 3]);
  expect(older.after(0)).toBe(older);
  const newer = pendingOf([['a', 5, 3]]);
  newer.addMissing(older);
  expect([newer.of('a')?.high, newer.of('b')]).toEqual([5, { high: 3, holes: [{ from: 1, to: 3 }] }]);
});
