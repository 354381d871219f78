/** L8, A8, L2: what a reader says beside its cursor is one change and one look-up, however fast it comes and however long the store is away. */
import { READ_NOTES_MAX, UNACKNOWLEDGED_MAX } from '../../../runtime/contract/limits.ts';
import type { Change } from '../../../runtime/inbox/change.ts';
import { ReaderReport } from '../../../runtime/inbox/reader-report.ts';
import type { StatusNote } from '../../../runtime/inbox/status-ledger.ts';
import type { StoreBatch } from '../../../runtime/ports/inbox-store.ts';
import { CoreUnderTest, TestReader } from './core-under-test.ts';

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
const note = (markKey: string): StatusNote => ({ markKey, delivered: [{ after: 0, through: 1 }], read: [] });
const told = (change: Change | undefined) => change?.notes?.() ?? [];

function reported(lookUp: (position: number, found: (notes: readonly StatusNote[]) => void) => void = (_, found) => found([])) {
  const changes: Change[] = [];
  let arrive: ((isHere: boolean) => void) | undefined;
  const state = { isPending: false, awaited: 0, ended: 0, removed: [] as number[] };
  const report = new ReaderReport({
    user: Buffer.from('bob'),
    change: (change) => void changes.push(change),
    lookUp,
    awaits: (callback) => {
      arrive = callback;
      state.awaited++;
      return state.isPending;
    },
    ended: () => void state.ended++,
  });
  const batch = {
    removeInbox: (_user: Buffer, _bucket: number, position: number) => void state.removed.push(position),
  } as unknown as StoreBatch;
  /** One try of the commit, and what it removed. */
  const attempt = (change: Change | undefined) => {
    state.removed = [];
    const notes = told(change);
    change?.apply(batch);
    return { notes, removed: state.removed };
  };
  return { report, changes, state, attempt, arrive: (isHere: boolean) => arrive?.(isHere) };
}

it('is one change while tries fail, which says everything so far, and UNACKNOWLEDGED_MAX envelopes at the most', () => {
  const { report, changes, attempt, state } = reported();
  for (const position of upTo(10)) report.remove(position);
  expect(attempt(changes[0]).removed).toEqual(upTo(10));
  for (const position of upTo(3 * UNACKNOWLEDGED_MAX)) report.remove(position);
  expect([changes.length, attempt(changes[0]).removed.length]).toEqual([1, UNACKNOWLEDGED_MAX]);
  changes[0]?.done?.();
  expect([changes.length, state.ended]).toEqual([1, 1]);
  report.remove(9_000_000);
  expect(attempt(changes[1]).removed).toEqual([9_000_000]);
});

it('what comes while a commit is under way goes with the next, and nothing is said twice', () => {
  const { report, changes, attempt, state } = reported((position, found) => found([note(`s${position}`)]));
  report.remove(1);
  expect(attempt(changes[0])).toEqual({ notes: [note('s1')], removed: [1] });
  report.remove(2);
  changes[0]?.done?.();
  expect([changes.length, state.ended]).toEqual([2, 0]);
  expect(attempt(changes[1])).toEqual({ notes: [note('s2')], removed: [2] });
  changes[1]?.done?.();
  expect([changes.length, state.ended]).toEqual([2, 1]);
});

it('asks the store for one envelope at a time, and says meanwhile what it knows', () => {
  const asked: { position: number; found: (notes: readonly StatusNote[]) => void }[] = [];
  const { report, changes, attempt } = reported((position, found) => void asked.push({ position, found }));
  for (const position of upTo(100_000)) report.remove(position);
  expect(asked.map(({ position }) => position)).toEqual([1]);
  asked[0]?.found([]);
  expect([asked.map(({ position }) => position), attempt(changes[0]).removed]).toEqual([[1, 2], [1]]);
});

it('waits once for a user who is on the way here; one who lives elsewhere by then has nothing to forget here', () => {
  const { report, changes, attempt, state, arrive } = reported();
  state.isPending = true;
  for (const position of upTo(1_000)) report.remove(position);
  expect([state.awaited, changes.length]).toEqual([1, 0]);
  arrive(true);
  expect(attempt(changes[0]).removed).toEqual(upTo(1_000));
  const moved = reported();
  moved.state.isPending = true;
  moved.report.remove(1);
  moved.arrive(false);
  expect([moved.changes.length, moved.state.ended]).toEqual([0, 1]);
});

it('keeps READ_NOTES_MAX senders over failed tries, not so many for each', () => {
  const { report, changes, attempt } = reported();
  const read = (from: number) => upTo(READ_NOTES_MAX).filter((i) => report.read(`s${from + i}`, [{ after: 0, through: 1 }])).length;
  expect(read(0)).toBe(READ_NOTES_MAX);
  expect(attempt(changes[0]).notes).toHaveLength(READ_NOTES_MAX);
  expect(read(READ_NOTES_MAX)).toBe(0);
  expect([changes.length, attempt(changes[0]).notes.length]).toEqual([1, READ_NOTES_MAX]);
  changes[0]?.done?.();
  expect(read(READ_NOTES_MAX)).toBe(READ_NOTES_MAX);
});

it('a v1 client’s acknowledgements of seconds in which the store failed all count once it is back', async () => {
  const core = await CoreUnderTest.start();
  const origin = core.origin();
  for (const sequence of upTo(50)) origin.send({ sequence, bodies: [`m${sequence}`] });
  await core.settle();
  const reader = new TestReader();
  const attachment = core.attach(reader, 'bob', { isSelective: true });
  await core.settle();
  core.disk.failing.commits = 5;
  for (const { position } of reader.pushes.slice(0, 49)) {
    attachment.remove(0, position);
    await core.clock.advance(100);
  }
  await core.clock.advance(2_000);
  expect(core.stored()).toEqual(['m50']);
});

it('a reader that says again and again that it leaves costs one synced commit, and is answered once', async () => {
  const core = await CoreUnderTest.start();
  const reader = new TestReader();
  const attachment = core.attach(reader);
  await core.settle();
  for (let i = 0; i < 1_000; i++) attachment.detach({ flush: true });
  await core.settle();
  expect(reader.ends).toEqual(['flushed']);
});
