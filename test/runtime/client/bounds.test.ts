/** L8: what a client lets wait and what it remembers: PENDING_MAX sends and QUESTIONS_MAX questions, REMEMBERED_MAX recipients. */
import { Ephemerals } from '../../../runtime/client/ephemerals.ts';
import { Outgoing } from '../../../runtime/client/outgoing.ts';
import { Predecessors } from '../../../runtime/client/predecessors.ts';
import { ERROR_CODES } from '../../../runtime/contract/errors.ts';
import type { Clock } from '../../../runtime/ports/clock.ts';
import { ByteWriter } from '../../../runtime/wire/byte-writer.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';

/** The code that a promise has been refused with by now; undefined while it waits. */
async function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  return await Promise.race([
    promise.then(
      () => 'resolved',
      ({ code }: { code: string }) => code,
    ),
    new Promise<undefined>((resolve) => setImmediate(() => resolve(undefined))),
  ]);
}

const clock = new ManualClock();
const body = [Buffer.from('x')];

it('100,000 sends wait for their acknowledgement; a further one is refused with OVERLOADED', async () => {
  const outgoing = new Outgoing({ clock, writer: () => undefined, version: () => 4 });
  const options = { timeoutMs: 60_000, isStatusWanted: false, started: () => undefined };
  const sends = Array.from({ length: 100_001 }, (_, i) => outgoing.send(`user-${i % 7}`, body, options));
  const codes = await Promise.all([sends[99_999], sends[100_000]].map((one) => codeOf(one as Promise<unknown>)));
  expect(codes).toEqual([undefined, 'OVERLOADED']);
  expect(outgoing.size).toBe(100_000);
});

it('256 MiB wait for their acknowledgement; what goes beyond is refused with OVERLOADED, and is let in when some are answered', async () => {
  const outgoing = new Outgoing({ clock, writer: () => undefined, version: () => 6 });
  const options = { timeoutMs: 60_000, isStatusWanted: false, started: () => undefined };
  const large = [Buffer.alloc(65_535)];
  const sends = Array.from({ length: 4_097 }, () => outgoing.send('bob', large, options));
  expect(await Promise.all([sends[4_095], sends[4_096]].map((one) => codeOf(one as Promise<unknown>)))).toEqual([undefined, 'OVERLOADED']);
  outgoing.acknowledged({ sequence: 1, count: 1, durability: 2 });
  expect(await codeOf(outgoing.send('bob', large, options))).toBe(undefined);
});

it('40,000 sends that run out of time, or are refused and sent again, cost a walk over each and no more', async () => {
  let nowMs = 0;
  const due = new Set<() => void>();
  const hasty: Clock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    soon: (callback) => clock.soon(callback),
    after(_, callback) {
      due.add(callback);
      return { stop: () => void due.delete(callback) };
    },
  };
  const outgoing = new Outgoing({ clock: hasty, writer: () => undefined, version: () => 6 });
  const codes = new Map<string, number>();
  const send = (to: string, timeoutMs: number) =>
    void outgoing
      .send(to, body, { timeoutMs, isStatusWanted: false, started: () => undefined })
      .catch(({ code }: { code: string }) => codes.set(code, (codes.get(code) ?? 0) + 1));
  const count = 40_000;
  for (let i = 0; i < count; i++) send('bob', 1_000);
  for (let i = 0; i < count; i++) send(`user-${i}`, 60_000);
  const startMs = performance.now();
  const frame = { wire: ERROR_CODES.SHARD_UNAVAILABLE.wire, retryAfterMs: 500, count: 1_000, message: '' };
  for (let sequence = count + 1; sequence <= 2 * count; sequence += 1_000) outgoing.refused({ ...frame, sequence });
  for (const callback of due) callback();
  nowMs = 2_000;
  outgoing.expire();
  // Over a minute where each is looked for among all, and 0.1 s where it is not.
  expect(performance.now() - startMs).toBeLessThan(15_000);
  await clock.settle();
  expect([outgoing.size, due.size, codes]).toEqual([count, 0, new Map([['TIMED_OUT', count]])]);
}, 60_000);

it('10,000 best-effort messages and 100 presence questions wait for an answer', async () => {
  let sequence = 0;
  const out = new ByteWriter();
  const ephemerals = new Ephemerals({ clock, writer: () => out, takeSequences: () => ++sequence });
  const sends = Array.from({ length: 10_001 }, () => ephemerals.send('bob', body));
  const questions = Array.from({ length: 101 }, (_, i) => ephemerals.presenceOf(`user-${i}`));
  const outcomes = [sends[9_999], sends[10_000], questions[99], questions[100], ephemerals.presenceOf('user-0')];
  const codes = await Promise.all(outcomes.map((one) => codeOf(one as Promise<unknown>)));
  expect(codes).toEqual([undefined, 'OVERLOADED', undefined, 'OVERLOADED', undefined]);
});

it('the last sequence to 100,000 recipients is remembered; the oldest is forgotten', () => {
  const predecessors = new Predecessors(clock);
  for (let i = 0; i <= 100_000; i++) predecessors.replace(`user-${i}`, i + 1);
  expect([predecessors.replace('user-1', 200_000), predecessors.replace('user-0', 200_001)]).toEqual([2, 0]);
});
