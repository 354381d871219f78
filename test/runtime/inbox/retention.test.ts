/** L4: what waits too long is taken out and reported to its reader before what follows, until the reader has heard of it; never in silence. */
import { GapReason } from '../../../runtime/contract/inbox-gap.ts';
import { PositionTimes } from '../../../runtime/inbox/position-times.ts';
import { Retention } from '../../../runtime/inbox/retention.ts';
import { openMemoryStore } from '../../fakes/memory-inbox-store.ts';
import { CoreUnderTest, TestReader } from './core-under-test.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;

async function started(core: CoreUnderTest, { inboxMs = 30 * DAY, outboxMs = 7 * DAY } = {}): Promise<Retention> {
  const { clock, telemetry, inboxes } = core;
  const retention = new Retention({
    store: core.openStore,
    clock,
    telemetry,
    gaps: inboxes.gaps,
    inboxMs,
    outboxMs,
    change: (change) => inboxes.change(change),
    added: (user, gap) => inboxes.gapAdded(user, gap),
    nextPosition: () => inboxes.nextPosition,
    isRead: (user) => inboxes.isRead(user),
  });
  await retention.load();
  return retention;
}

async function send(core: CoreUnderTest, sequence: number, bodies = [`m${sequence}`]): Promise<void> {
  core.origin().send({ sequence, bodies, stamp: core.clock.nowMs() * 1024 });
  await core.settle();
}

async function read(core: CoreUnderTest, acknowledged: { bucket: number; position: number; index: number }[] = []) {
  const reader = new TestReader();
  const attachment = core.attach(reader, 'bob', { acknowledged });
  await core.settle();
  return { reader, attachment };
}

it('takes out what has waited for the whole time and nothing younger, and tells the reader before what follows', async () => {
  const core = await CoreUnderTest.start();
  await started(core);
  const firstMs = core.clock.nowMs();
  await send(core, 1);
  await send(core, 2, ['a', 'b', 'c']);
  await core.clock.advance(20 * DAY);
  await send(core, 5);
  await core.clock.advance(9 * DAY);
  expect(core.stored()).toHaveLength(5);
  await core.clock.advance(DAY + 3 * HOUR);
  expect(core.stored()).toEqual(['m5']);
  const { reader } = await read(core);
  expect(reader.gaps).toMatchObject([{ bucket: 0, messages: 4, reason: GapReason.expired, firstStamp: firstMs * 1024 }]);
  expect([reader.bodies, reader.order]).toEqual([['m5'], ['gap', 'push']]);
  expect(core.telemetry.value('iris_inbox_expired_total')).toBe(4);
});

it('tells of the gap at each attach, also after a restart, until a cursor past it is acknowledged', async () => {
  const core = await CoreUnderTest.start();
  await started(core);
  await send(core, 1);
  await core.clock.advance(31 * DAY);
  const first = await read(core);
  first.attachment.detach({ flush: false });
  await core.restart();
  await started(core);
  const second = await read(core);
  expect(second.reader.gaps).toEqual(first.reader.gaps);
  expect(first.reader.gaps).toHaveLength(1);
  second.attachment.acknowledge({ bucket: 0, position: second.reader.gaps[0]?.through as number, index: 0xffff });
  await core.settle();
  second.attachment.detach({ flush: false });
  await core.restart();
  expect((await read(core)).reader.gaps).toEqual([]);
});

it('tells a client whose cursor stands inside the gap, and not one whose cursor is past it', async () => {
  const core = await CoreUnderTest.start();
  await started(core);
  for (const sequence of [1, 2, 3]) await send(core, sequence);
  await core.clock.advance(31 * DAY);
  const { through } = core.inboxes.gaps.of(Buffer.from('bob')) as { through: number };
  expect((await read(core, [{ bucket: 0, position: through - 1, index: 0 }])).reader.gaps).toHaveLength(1);
  expect((await read(core, [{ bucket: 0, position: through, index: 0 }])).reader.gaps).toEqual([]);
});

it('joins what expires later with a gap that nobody has heard of', async () => {
  const core = await CoreUnderTest.start();
  await started(core);
  await send(core, 1);
  await core.clock.advance(10 * DAY);
  await send(core, 2);
  await core.clock.advance(31 * DAY);
  expect((await read(core)).reader.gaps).toMatchObject([{ messages: 2 }]);
});

it('takes nothing from an inbox that is being read', async () => {
  const core = await CoreUnderTest.start();
  await started(core);
  await send(core, 1);
  await read(core);
  await core.clock.advance(40 * DAY);
  expect(core.stored()).toEqual(['m1']);
});

it('tells a reader whose cursor is of another log that nobody knows what it missed, and shows it everything', async () => {
  const core = await CoreUnderTest.start();
  await send(core, 1);
  const { reader } = await read(core, [{ bucket: 0, position: 999_999_999, index: 0 }]);
  expect(reader.gaps).toMatchObject([{ reason: GapReason.otherLog, messages: 0, through: 999_999_999 }]);
  expect(reader.bodies).toEqual(['m1']);
  expect(core.telemetry.count('cursor-of-another-log')).toBe(1);
});

it('takes out of an outbox what has waited for seven days, with a line in the log and a count (X22)', async () => {
  const core = await CoreUnderTest.start();
  await started(core);
  await send(core, 1);
  const rows = core.disk.inboxes.values().next().value as Map<number, Buffer>;
  const [[position, envelope]] = [...rows] as [[number, Buffer]];
  const batch = openMemoryStore().batch();
  batch.appendOutbox('london-0', position, envelope);
  await core.openStore.commit(batch, { sync: true });
  await core.clock.advance(6 * DAY);
  expect(core.disk.outboxes.get('london-0')?.size).toBe(1);
  await core.clock.advance(DAY + 3 * HOUR);
  expect([core.disk.outboxes.get('london-0')?.size, core.telemetry.value('iris_outbox_expired_total')]).toEqual([0, 1]);
  expect(core.telemetry.lines.find(({ event }) => event === 'outbox-expired')?.fields).toMatchObject({ group: 'london-0', messages: 1 });
});

it('knows the age of a position by what was noted, through a clock that jumps back, and in bounded memory', () => {
  const times = new PositionTimes();
  times.note(10, 1_000);
  times.note(20, 500);
  times.note(30, 2_000);
  expect([0, 999, 1_000, 1_999, 2_000].map((ms) => times.firstSince(ms))).toEqual([0, 0, 20, 20, 30]);
  times.forgetBefore(1_500);
  expect(times.firstSince(1_500)).toBe(20);
  const again = new PositionTimes();
  again.load(times.encode());
  expect(again.firstSince(9_999)).toBe(30);
  for (let i = 0; i < 10_000; i++) again.note(40 + i, 3_000 + i);
  expect(again.encode().length).toBeLessThanOrEqual(16 * 1_024);
  expect(again.firstSince(5_000)).toBeLessThanOrEqual(40 + 2_000 + 1);
});
