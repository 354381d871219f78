/** X4, X22, L7: an inbox or outbox that holds as much as it may refuses more with a code of its own; nothing that waits is dropped. */
import { createSlotMap, expandTable, SlotRouter } from '../../../runtime/contract/slot-map.ts';
import { SEND_FRESH, SEND_RETRY } from '../../../runtime/wire/v2/send.ts';
import { CoreUnderTest, TestReader } from './core-under-test.ts';

const WIDE = { envelopesMax: 1_000, bytesMax: 1 << 30 };
const send = (sequence: number, recipient = 'bob') => ({ sequence, recipient, previous: sequence - 1, bodies: [`m${sequence}`] });

async function coreWith(bounds: { inboxMax?: number; outboxMax?: number }, router?: SlotRouter) {
  const core = await CoreUnderTest.start(router);
  core.disk.bounds = {
    inbox: { ...WIDE, envelopesMax: bounds.inboxMax ?? WIDE.envelopesMax },
    outbox: { ...WIDE, envelopesMax: bounds.outboxMax ?? WIDE.envelopesMax },
  };
  return core;
}

/** Sends and commits one after the other; the outcomes. */
async function outcomesOf(core: CoreUnderTest, sequences: readonly number[], recipient = 'bob') {
  const origin = core.origin();
  const outcomes: (string | undefined)[] = [];
  for (const sequence of sequences) {
    const correlation = origin.send(send(sequence, recipient), { flags: SEND_FRESH });
    await core.settle();
    outcomes.push(origin.outcome(correlation));
  }
  return outcomes;
}

it('refuses with INBOX_FULL what one inbox may no longer hold, and takes what is for others', async () => {
  const core = await coreWith({ inboxMax: 3 });
  expect(await outcomesOf(core, [1, 2, 3, 4])).toEqual(['appended', 'appended', 'appended', 'INBOX_FULL']);
  expect(await outcomesOf(core, [1, 2], 'dave')).toEqual(['appended', 'appended']);
  expect(core.stored()).toEqual(['m1', 'm2', 'm3']);
});

it('acknowledges a retry of what a full inbox holds already (L2)', async () => {
  const core = await coreWith({ inboxMax: 2 });
  await outcomesOf(core, [1, 2]);
  const origin = core.origin();
  const again = origin.send(send(2), { flags: SEND_RETRY });
  await core.settle();
  expect(origin.outcome(again)).toBe('appended');
  expect(core.stored()).toEqual(['m1', 'm2']);
});

it('opens again when its user has read, and what was refused comes in order (L3)', async () => {
  const core = await coreWith({ inboxMax: 2 });
  const origin = core.origin();
  const sent = [1, 2].map((sequence) => origin.send(send(sequence)));
  await core.settle();
  const refused = [3, 4].map((sequence) => origin.send(send(sequence)));
  await core.settle();
  expect([...sent, ...refused].map((one) => origin.outcome(one))).toEqual(['appended', 'appended', 'INBOX_FULL', 'REFUSED_IN_ORDER']);
  const reader = new TestReader();
  const attachment = core.attach(reader);
  await core.settle();
  attachment.acknowledge({ bucket: 0, position: reader.pushes.at(-1)?.position as number, index: 0 });
  await core.settle();
  const later = [origin.send(send(3), { flags: SEND_FRESH | SEND_RETRY }), origin.send(send(4), { flags: SEND_RETRY })];
  await core.settle();
  expect(later.map((one) => origin.outcome(one))).toEqual(['appended', 'appended']);
  expect(reader.bodies).toEqual(['m1', 'm2', 'm3', 'm4']);
});

describe('with another region', () => {
  const map = createSlotMap({
    environment: 'unit',
    version: 1,
    shards: 2,
    regions: [
      { code: 'tokyo', awsRegion: 'a', groups: [{ id: 'tokyo-0', firstShard: 0, shardCount: 1, address: '127.0.0.1:1' }] },
      { code: 'london', awsRegion: 'b', groups: [{ id: 'london-0', firstShard: 1, shardCount: 1, address: '127.0.0.1:2' }] },
    ],
  });
  const router = new SlotRouter(map, expandTable(map));
  const away = ['u0', 'u1', 'u2', 'u3', 'u4', 'u5'].filter((user) => router.homeOf(router.shardOf(Buffer.from(user))).group === 'london-0');
  const [first, second] = away as [string, string];

  it('refuses with OUTBOX_FULL what the outbox may no longer hold', async () => {
    const core = await coreWith({ outboxMax: 2 }, router);
    expect(await outcomesOf(core, [1, 2, 3], first)).toEqual(['appended', 'appended', 'OUTBOX_FULL']);
    expect(core.outbox).toHaveLength(2);
  });

  it('refuses with INBOX_FULL what is for a user whose inbox there is full, and takes what is for others there', async () => {
    const core = await coreWith({}, router);
    core.inboxes.heldBack.add(first);
    expect(await outcomesOf(core, [1], first)).toEqual(['INBOX_FULL']);
    expect(await outcomesOf(core, [1], second)).toEqual(['appended']);
    core.inboxes.heldBack.delete(first);
    expect(await outcomesOf(core, [1], first)).toEqual(['appended']);
  });
});

it('lets removals through when a commit with appends cannot be made, so that room can come back', async () => {
  const core = await CoreUnderTest.start();
  const origin = core.origin();
  origin.send(send(1));
  await core.settle();
  const reader = new TestReader();
  const attachment = core.attach(reader);
  await core.settle();
  core.disk.refusesAppends = true;
  attachment.acknowledge({ bucket: 0, position: reader.pushes[0]?.position as number, index: 0 });
  for (let round = 0; round < 5; round++) {
    origin.send({ sender: `s${round}`, recipient: 'dave' }, { publisherId: 10 + round });
    await core.clock.advance(150);
  }
  expect(core.stored()).toEqual([]);
});
