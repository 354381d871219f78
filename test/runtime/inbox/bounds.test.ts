/** L8: what an owner holds beside its log stays below its bound; what is beyond it is refused, counted or asked for in parts. */
import * as limits from '../../../runtime/contract/limits.ts';
import { CommitQueue } from '../../../runtime/inbox/commit-queue.ts';
import { InheritedMarks, type InheritedMarksParts } from '../../../runtime/inbox/inherited-marks.ts';
import { RowKey } from '../../../runtime/inbox/row-key.ts';
import { SequenceMarks } from '../../../runtime/inbox/sequence-marks.ts';
import type { MarkQuestion } from '../../../runtime/ports/bucket-owners.ts';
import { markKeyOf } from '../../../runtime/wire/envelope.ts';
import { SEND_FRESH, SEND_RETRY } from '../../../runtime/wire/v2/send.ts';
import { envelopeOf } from '../../fakes/envelopes.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import { CoreUnderTest, TestReader } from './core-under-test.ts';

const bucket = { user: Buffer.from('bob'), generation: 2, index: 0 };
const inbox = 'bob\x002.0.7';

it('a commit takes envelopes up to COMMIT_BYTES_MAX, in their order; the rest goes with the next', () => {
  const queue = new CommitQueue<{ request: never }>();
  const mebibyte = 1_048_576;
  const entries = Array.from({ length: 40 }, () => ({ request: { envelope: { length: mebibyte } } as never }));
  for (const entry of entries) queue.add(entry);
  const commits = [queue.take(), queue.take(), queue.take(), queue.take()];
  expect(commits.map((taken) => taken.length)).toEqual([16, 16, 8, 0]);
  expect(commits.flat()).toEqual(entries);
  expect(limits.COMMIT_BYTES_MAX).toBe(16 * mebibyte);
  expect(queue.bytes).toBe(0);
});

/** Appends to a bucket that have to wait for what an older generation knows, which does not answer. */
function inherited() {
  const clock = new ManualClock();
  const refused: string[] = [];
  const asked: MarkQuestion[] = [];
  const marks = new InheritedMarks({
    store: { readMarks: async (keys: readonly string[]) => keys.map(() => undefined) },
    committer: {
      knowsMark: () => false,
      refuse: (_request: unknown, _inbox: string, { code }: { code: string }) => void refused.push(code),
    },
    clock,
    ask: async (question: MarkQuestion) => void asked.push(question),
    resume: () => undefined,
  } as unknown as InheritedMarksParts);
  const append = (sender: string, bodies?: readonly string[]) => {
    const envelope = envelopeOf({ sender, recipient: inbox, sequence: 2, previous: 1, ...(bodies && { bodies }) });
    return marks.isKnown({ origin: {} as never, correlation: 1, publisherId: 1, flags: SEND_RETRY, envelope }, bucket);
  };
  return { clock, refused, asked, append };
}

it('appends that ask what an older generation had wait up to INHERITANCE_BYTES_MAX, and not for ever', async () => {
  const { clock, refused, append } = inherited();
  const bodies = Array.from({ length: 17 }, () => 'x'.repeat(61_000));
  const count = Math.ceil(limits.INHERITANCE_BYTES_MAX / (17 * 61_000));
  for (let sender = 0; sender < count; sender++) append(`s${sender}`, bodies);
  await clock.settle();
  expect(refused).toEqual([]);
  append('one more');
  expect(refused).toEqual(['OVERLOADED']);
  await clock.advance(limits.INHERITANCE_TIMEOUT_MS + 2 * limits.BUCKET_QUERY_RETRY_MS);
  expect(refused.slice(1)).toEqual(Array.from({ length: count }, () => 'SHARD_UNAVAILABLE'));
  append('later');
  expect(refused).toHaveLength(1 + count);
});

it('what comes in one burst is asked for MARK_KEYS_MAX senders at a time', async () => {
  const { clock, asked, append } = inherited();
  for (let sender = 0; sender < 2 * limits.MARK_KEYS_MAX + 1; sender++) append(`s${sender}`);
  await clock.settle();
  expect(asked.map(({ keys }) => keys.length)).toEqual([limits.MARK_KEYS_MAX, limits.MARK_KEYS_MAX, 1]);
});

it('memory holds no more marks than DEDUP_MEMORY_MAX; what was touched last stays, the rest is read from the store', () => {
  const max = 1_000;
  const marks = new SequenceMarks(max);
  const keys = Array.from({ length: 10 * max }, (_, i) => markKeyOf(envelopeOf({ sender: `s${i}` })));
  for (const key of keys) {
    marks.begin();
    marks.setHigh(key, 7);
  }
  const rowOf = (key: string) => marks.row(new RowKey().ofText(key));
  expect([marks.hits(rowOf(keys[0] as string)), marks.hits(rowOf(keys.at(-1) as string))]).toEqual([false, true]);
  expect(marks.use).toEqual({ asked: 2, hits: 1 });
  const known = keys.filter((key) => marks.high(key) === 7);
  expect(known.length).toBeLessThanOrEqual(max);
  expect(known).toEqual(keys.slice(-known.length));
  expect(known.length).toBeGreaterThanOrEqual(max / 2);
});

it('a reader tells of READ_NOTES_MAX senders between two commits; what is beyond is counted and passed over', async () => {
  const core = await CoreUnderTest.start();
  const attachment = core.attach(new TestReader());
  const sequences = [{ after: 0, through: 1 }];
  for (let i = 0; i < limits.READ_NOTES_MAX + 3; i++)
    attachment.markRead({ device: Buffer.alloc(8), sender: Buffer.from(`s${i}`), sequences });
  attachment.markRead({ device: Buffer.alloc(8), sender: Buffer.from('s0'), sequences: [{ after: 1, through: 2 }] });
  expect(core.telemetry.value('iris_reads_shed_total')).toBe(3);
  await core.settle();
  attachment.markRead({ device: Buffer.alloc(8), sender: Buffer.from('late'), sequences });
  expect(core.telemetry.value('iris_reads_shed_total')).toBe(3);
});

it('a core promotes LAYOUTS_MAX users and refuses the next with OVERLOADED; those it has may be changed', async () => {
  const core = await CoreUnderTest.start();
  const outcome = (user: string) =>
    core.inboxes.promote(Buffer.from(user), 2).then(
      () => 'promoted',
      ({ code }: { code: string }) => code,
    );
  const outcomes = Array.from({ length: limits.LAYOUTS_MAX + 1 }, (_, i) => outcome(`user-${i}`));
  await core.clock.advance(1_000);
  const all = await Promise.all(outcomes);
  expect([new Set(all.slice(0, -1)), all.at(-1)]).toEqual([new Set(['promoted']), 'OVERLOADED']);
  const changed = core.inboxes.promote(Buffer.from('user-0'), 3);
  await core.clock.advance(1_000);
  expect((await changed).buckets).toBe(3);
}, 20_000);

it('sets DEAD_LETTERS_MAX envelopes aside; the next stays where it is, and the log says so', async () => {
  const core = await CoreUnderTest.start();
  const removed: number[] = [];
  const setAside = (position: number) =>
    core.inboxes.deadLetters.setAside({
      from: 'outbox',
      group: 'paris-0',
      position,
      envelope: envelopeOf({}),
      tries: 3,
      reason: 'no such font',
      remove: () => void removed.push(position),
    });
  const isTaken = Array.from({ length: limits.DEAD_LETTERS_MAX + 1 }, (_, i) => setAside(i + 1));
  await core.clock.advance(1_000);
  expect(isTaken).toEqual([...Array.from({ length: limits.DEAD_LETTERS_MAX }, () => true), false]);
  expect([removed.length, core.inboxes.deadLetters.list.length]).toEqual([limits.DEAD_LETTERS_MAX, limits.DEAD_LETTERS_MAX]);
  expect(removed).not.toContain(limits.DEAD_LETTERS_MAX + 1);
});

it('a core whose store holds WAITING_ENVELOPES_MAX or WAITING_INBOXES_MAX refuses what is new with OVERLOADED until readers drain', async () => {
  const core = await CoreUnderTest.start();
  const origin = core.origin();
  let isFull = true;
  Object.defineProperty(core.openStore, 'isFull', { get: () => isFull });
  const refused = origin.send({ sequence: 1 });
  await core.settle();
  isFull = false;
  const taken = origin.send({ sequence: 1 }, { flags: SEND_RETRY | SEND_FRESH });
  await core.settle();
  expect([refused, taken].map((correlation) => origin.outcome(correlation))).toEqual(['OVERLOADED', 'appended']);
});
