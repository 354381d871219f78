/** L8: how changes of a group’s rows become statements: few, none too large, and no more under way than the bounds say. */
import { RowWriter } from '../../../runtime/adapters/cql-row-changes.ts';
import type { CqlSession, CqlStatement } from '../../../runtime/adapters/cql-session.ts';
import { openCqlRows } from '../../../runtime/adapters/group-rows-cql.ts';
import { IrisError } from '../../../runtime/contract/errors.ts';
import {
  OUTGOING_CHUNK_POSITIONS,
  OUTGOING_CHUNKS_SWEPT_MAX,
  ROWS_BATCH_BYTES_MAX,
  ROWS_BATCH_CHANGES_MAX,
  ROWS_IN_FLIGHT_BYTES_MAX,
  ROWS_IN_FLIGHT_FEW,
  ROWS_IN_FLIGHT_MAX,
  ROWS_PARTS,
  ROWS_PARTS_AT_ONCE,
  ROWS_SLOW_MS,
} from '../../../runtime/contract/limits.ts';
import type { RowChange } from '../../../runtime/ports/group-rows.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';

const times = { inboxRetentionMs: 1_000, outboxRetentionMs: 1_000 };
const writer = new RowWriter('tokyo-1', times);

function put(user: string, position: number, bytes: number): RowChange {
  return {
    kind: 'envelope',
    inbox: { user: Buffer.from(user), bucket: 0 },
    chunk: 0,
    position,
    envelope: Buffer.alloc(bytes),
    messages: 1,
  };
}

it('gathers what lies in one partition, up to ROWS_BATCH_CHANGES_MAX and ROWS_BATCH_BYTES_MAX', () => {
  const small = Array.from({ length: 2 * ROWS_BATCH_CHANGES_MAX + 1 }, (_, i) => put('bob', i, 10));
  const batches = writer.writes([...small, put('carol', 1, 10)]).map(({ statements }) => statements.length);
  expect(batches.toSorted((a, b) => b - a)).toEqual([ROWS_BATCH_CHANGES_MAX, ROWS_BATCH_CHANGES_MAX, 1, 1]);
  const large = Array.from({ length: 8 }, (_, i) => put('bob', i, ROWS_BATCH_BYTES_MAX / 4));
  for (const { bytes } of writer.writes(large)) expect(bytes).toBeLessThanOrEqual(ROWS_BATCH_BYTES_MAX);
  expect(writer.writes([put('bob', 1, 4 * ROWS_BATCH_BYTES_MAX), put('bob', 2, 1)])).toHaveLength(2);
});

it('sends the last change of a row only', () => {
  const mark = (high: number): RowChange => ({ kind: 'mark', key: 'k', mark: { high, holes: [] }, timeMs: 1 });
  const gone: RowChange = { kind: 'no-envelope', inbox: { user: Buffer.from('bob'), bucket: 0 }, chunk: 0, position: 1 };
  const statements = writer.writes([put('bob', 1, 10), mark(1), gone, mark(2)]).flatMap((write) => write.statements);
  expect(statements.map(({ query }) => query.split(' ')[0])).toEqual(['DELETE', 'INSERT']);
  expect(statements[1]?.params).toContain(2);
});

/** A store that answers when it is told to. */
class HeldStore {
  readonly settings = { keyspace: 'iris_test' };
  readonly clock = new ManualClock();
  readonly sent: readonly CqlStatement[][] = [];
  readonly answers: ((error?: Error) => void)[] = [];
  most = 0;

  write(statements: CqlStatement[]): Promise<void> {
    (this.sent as CqlStatement[][]).push(statements);
    this.most = Math.max(this.most, this.answers.length + 1);
    return new Promise((resolve, reject) => this.answers.push((error) => (error === undefined ? resolve() : reject(error))));
  }

  open() {
    return openCqlRows({ session: this as unknown as CqlSession, group: 'tokyo-1', ...times });
  }

  async answerAll(): Promise<void> {
    while (this.answers.length > 0) {
      for (const answer of this.answers.splice(0)) answer();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

it('has at most ROWS_IN_FLIGHT_MAX statements and ROWS_IN_FLIGHT_BYTES_MAX bytes under way', async () => {
  const store = new HeldStore();
  const rows = store.open();
  const many = Array.from({ length: 3 * ROWS_IN_FLIGHT_MAX }, (_, i) => put(`user-${i}`, 1, 10));
  const applied = rows.apply(many, { epoch: 1, number: 1 });
  await new Promise((resolve) => setImmediate(resolve));
  expect(store.answers.length).toBe(ROWS_IN_FLIGHT_MAX);
  await store.answerAll();
  await applied;
  expect([store.sent.length, store.most]).toEqual([3 * ROWS_IN_FLIGHT_MAX, ROWS_IN_FLIGHT_MAX]);
  const wide = new HeldStore();
  const each = ROWS_IN_FLIGHT_BYTES_MAX / 4;
  const widely = wide.open().apply(
    Array.from({ length: 6 }, (_, i) => put(`user-${i}`, 1, each)),
    { epoch: 1, number: 1 },
  );
  await new Promise((resolve) => setImmediate(resolve));
  expect(wide.answers.length).toBe(3);
  await wide.answerAll();
  await widely;
  expect(wide.sent.length).toBe(6);
});

it('has ever fewer under way while answers take ROWS_SLOW_MS, down to ROWS_IN_FLIGHT_FEW, and more again when they are quick', async () => {
  const store = new HeldStore();
  const many = Array.from({ length: 40 * ROWS_IN_FLIGHT_MAX }, (_, i) => put(`user-${i}`, 1, 10));
  const applied = store.open().apply(many, { epoch: 1, number: 1 });
  /** Statements under way after the answers to those before, `ms` later. */
  const rounds = async (count: number, ms: number) => {
    const underWay: number[] = [];
    for (let round = 0; round < count; round++) {
      await new Promise((resolve) => setImmediate(resolve));
      underWay.push(store.answers.length);
      await store.clock.advance(ms);
      for (const answer of store.answers.splice(0)) answer();
    }
    return underWay;
  };
  expect(await rounds(8, ROWS_SLOW_MS)).toEqual([256, 128, 64, 32, 16, 8, ROWS_IN_FLIGHT_FEW, ROWS_IN_FLIGHT_FEW]);
  expect(await rounds(7, ROWS_SLOW_MS - 1)).toEqual([8, 16, 32, 64, 128, 256, ROWS_IN_FLIGHT_MAX]);
  await store.answerAll();
  await applied;
});

it('begins nothing more after a failure, and rejects when what was under way is over', async () => {
  const store = new HeldStore();
  const many = Array.from({ length: 2 * ROWS_IN_FLIGHT_MAX }, (_, i) => put(`user-${i}`, 1, 10));
  let isOver = false;
  const applied = store
    .open()
    .apply(many, { epoch: 1, number: 1 })
    .finally(() => {
      isOver = true;
    });
  await new Promise((resolve) => setImmediate(resolve));
  store.answers.shift()?.(new IrisError('ENGINE_UNAVAILABLE', 'away'));
  await new Promise((resolve) => setImmediate(resolve));
  expect(isOver).toBe(false);
  const rejected = expect(applied).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
  await store.answerAll();
  await rejected;
  expect(store.sent.length).toBe(ROWS_IN_FLIGHT_MAX);
});

/** A store that is asked only: it counts questions under way at a time. */
class AskedStore {
  readonly settings = { keyspace: 'iris_test' };
  readonly clock = new ManualClock();
  asked = 0;
  underWay = 0;
  most = 0;
  written = 0;

  async *readAll(): AsyncIterable<never[]> {
    this.asked++;
    this.most = Math.max(this.most, ++this.underWay);
    await new Promise((resolve) => setImmediate(resolve));
    this.underWay--;
    yield [];
  }

  async readOne(): Promise<undefined> {
    this.asked++;
  }

  async write(): Promise<void> {
    this.written++;
  }

  open() {
    return openCqlRows({ session: this as unknown as CqlSession, group: 'tokyo-1', ...times });
  }
}

it('reads everything of a group ROWS_PARTS_AT_ONCE parts at a time', async () => {
  const store = new AskedStore();
  for await (const _ of store.open().readSummaries());
  expect([store.asked, store.most]).toEqual([ROWS_PARTS, ROWS_PARTS_AT_ONCE]);
});

it('looks after OUTGOING_CHUNKS_SWEPT_MAX emptied chunks with one checkpoint, and after the others with the next', async () => {
  const store = new AskedStore();
  const rows = store.open();
  const chunks = 2 * OUTGOING_CHUNKS_SWEPT_MAX + 3;
  const gone = Array.from(
    { length: chunks },
    (_, chunk): RowChange => ({ kind: 'no-outgoing', group: 'paris-0', position: chunk * OUTGOING_CHUNK_POSITIONS }),
  );
  await rows.apply(gone, { epoch: 1, number: 1 });
  const looks = [];
  for (let number = 2; number <= 5; number++) {
    // One question is for the checkpoint there is.
    store.asked = -1;
    await rows.writeCheckpoint({ epoch: 1, number, nextPosition: (chunks + 2) * OUTGOING_CHUNK_POSITIONS, offset: 0 });
    looks.push(store.asked);
  }
  expect(looks).toEqual([OUTGOING_CHUNKS_SWEPT_MAX, OUTGOING_CHUNKS_SWEPT_MAX, 3, 0]);
});
