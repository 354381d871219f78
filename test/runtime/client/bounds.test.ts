/** L8: what a client lets wait and what it remembers: PENDING_MAX sends and QUESTIONS_MAX questions, REMEMBERED_MAX recipients. */
import { Ephemerals } from '../../../runtime/client/ephemerals.ts';
import { Outgoing } from '../../../runtime/client/outgoing.ts';
import { Predecessors } from '../../../runtime/client/predecessors.ts';
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
