/** L2, F25: readers whose link broke, as their owner sees them when the link is back. */
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
