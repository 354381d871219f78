/** L2, F25: readers whose link broke, as their owner sees them when the link is back. */
import { SEND_RETRY } from '../../../runtime/wire/v2/send.ts';
import { CoreUnderTest, TestReader } from './core-under-test.ts';

async function coreWith(messages: number): Promise<CoreUnderTest> {
  const core = await CoreUnderTest.start();
  const origin = core.origin();
  for (let i = 1; i <= messages; i++) origin.send({ sequence: i, bodies: [`m${i}`] });
  await core.settle();
  return core;
}

it('forgets what an earlier link showed once a later one acknowledges it', async () => {
  const core = await coreWith(4);
  const first = new TestReader();
  core.attach(first, 'bob', { creditBytes: 100 });
  await core.settle();
  const shown = first.pushes.map(({ position }) => ({ bucket: 0, position, index: 0 })).slice(-1);
  const second = new TestReader();
  const again = core.attach(second, 'bob', { shown, isReattached: true });
  await core.settle();
  again.acknowledge({ bucket: 0, position: second.pushes.at(-1)?.position as number, index: 0 });
  await core.settle();
  expect([first.pushes.length > 0, core.disk.inboxRows]).toEqual([true, 0]);
});

it('leaves the inbox with the later login when an older session gets its link back, and takes what that one acknowledged', async () => {
  const core = await coreWith(2);
  const older = new TestReader();
  core.attach(older, 'bob', { loginStamp: 10 });
  await core.settle();
  const later = new TestReader();
  core.attach(later, 'bob', { loginStamp: 20 });
  await core.settle();
  const back = new TestReader();
  const acknowledged = [{ bucket: 0, position: older.pushes[0]?.position as number, index: 0 }];
  core.attach(back, 'bob', { loginStamp: 10, isReattached: true, acknowledged });
  core.origin().send({ device: 2, sequence: 1, bodies: ['new'] });
  await core.settle();
  expect([back.ends, back.bodies, later.ends, later.bodies.at(-1)]).toEqual([['replaced'], [], [], 'new']);
  expect(core.disk.inboxRows).toBe(2);
});

it.each(['its link breaks', 'its session ends'] as const)(
  'keeps what follows a refused message behind it although %s before it is decided (L1, L3)',
  async (event) => {
    const core = await CoreUnderTest.start();
    const origin = core.origin();
    core.disk.failing.commits = 1;
    origin.send({ sequence: 1, bodies: ['first'] });
    await core.clock.settle();
    // The commit has failed; the log pauses before the next, which would hold this one.
    origin.send({ sequence: 2, bodies: ['second'] });
    if (event === 'its link breaks') core.inboxes.originClosed(origin);
    else core.inboxes.publisherEnded(origin, 1);
    await core.clock.advance(1_000);
    const next = core.origin();
    next.send({ sequence: 1, bodies: ['first'] }, { flags: SEND_RETRY });
    next.send({ sequence: 2, bodies: ['second'] }, { flags: SEND_RETRY });
    await core.settle();
    expect(core.stored()).toEqual(['first', 'second']);
  },
);

it('pushes what is committed between an attach and its first read, although credit comes in between', async () => {
  const core = await coreWith(1);
  const first = new TestReader();
  core.attach(first);
  await core.settle();
  const at = { bucket: 0, position: first.pushes[0]?.position as number, index: 0 };
  const again = new TestReader();
  const read = core.attach(again, 'bob', { shown: [at], acknowledged: [at], isReattached: true });
  read.grant(1_000);
  core.origin().send({ sequence: 2, previous: 1, bodies: ['meanwhile'] });
  await core.settle();
  core.origin().send({ sequence: 3, previous: 2, bodies: ['later'] });
  await core.settle();
  expect(again.bodies).toEqual(['meanwhile', 'later']);
});
