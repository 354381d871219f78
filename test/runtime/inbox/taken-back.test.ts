/** L1, L2, F18: a move is taken back before its users were fetched; what their old owner knew of them holds. */
import { readBucketName } from '../../../runtime/contract/bucket-name.ts';
import { readSlotMap } from '../../../runtime/contract/slot-map.ts';
import { movedTo, takenBack } from '../../../runtime/contract/slot-map-moves.ts';
import { FetchedUsers } from '../../../runtime/inbox/fetched-users.ts';
import { PULL_LATER, type PullAnswer, type PullRequest } from '../../../runtime/ports/handover.ts';
import { encodeStatusEnvelope } from '../../../runtime/wire/status-envelope.ts';
import { bodiesOf } from '../../fakes/envelopes.ts';
import { CoreUnderTest, TestReader } from './core-under-test.ts';
import { bob, TWO_CORES } from './two-cores.ts';

const here = movedTo(TWO_CORES, ['tokyo-0', 'tokyo-0']);
const settledHere = { ...here, version: 3, moving: undefined };
const gone = movedTo(settledHere, ['tokyo-1', 'tokyo-0']);

/** Bob’s slot falls to shard 0 of 2. */
it('belongs to the shard that the test moves', () => {
  expect(readSlotMap(TWO_CORES).shardOf(bob)).toBe(0);
});

/** The core of `tokyo-0` has promoted bob, gives him away and gets him back, as its former owner answers. */
async function returned(answer: (request: PullRequest) => PullAnswer): Promise<{ core: CoreUnderTest; salts: string[] }> {
  const core = await CoreUnderTest.start(readSlotMap(settledHere));
  core.peers.pull = (_address, request) => Promise.resolve(answer(request));
  const promotion = core.inboxes.promote(bob, 3);
  await core.settle();
  await promotion;
  const before = bucketsOf(await sentTo(core, 'before'));
  core.slots.change(readSlotMap(gone));
  await core.settle();
  core.slots.change(readSlotMap(takenBack(gone)));
  for (let i = 0; i < 20; i++) {
    await core.settle();
    await core.clock.advance(100);
  }
  return { core, salts: before };
}

async function sentTo(core: CoreUnderTest, body: string): Promise<CoreUnderTest> {
  const origin = core.origin();
  for (let sender = 0; sender < 9; sender++) origin.send({ sender: `s${sender}`, bodies: [`${body} ${sender}`] });
  await core.settle();
  return core;
}

function bucketsOf(core: CoreUnderTest): string[] {
  const names = [...core.disk.inboxes].flatMap(([key, rows]) => (rows.size > 0 ? [Buffer.from(key.split(' ')[0] as string, 'hex')] : []));
  return names.map((name) => (readBucketName(name) === undefined ? 'own inbox' : name.toString('latin1'))).toSorted();
}

it.each([
  ['nobody is left to fetch', (): PullAnswer => ({ ...PULL_LATER, kind: 'held', isLast: true })],
  [
    'he is asked for by name and never came there',
    ({ kind }: PullRequest): PullAnswer =>
      kind === 'users' ? { ...PULL_LATER, kind: 'held', isLast: true, users: [bob] } : { ...PULL_LATER, kind: 'kept', isLast: true },
  ],
])('a promoted user stays promoted when %s', async (_, answer) => {
  const { core, salts } = await returned(answer);
  await sentTo(core, 'after');
  expect(bucketsOf(core)).toEqual(salts);
  expect(salts).not.toContain('own inbox');
  const again = core.inboxes.promote(bob, 2);
  await core.settle();
  expect((await again).generation).toBe(2);
});

it('what is on its way into the log when he is back goes to his buckets too, in order', async () => {
  const core = await CoreUnderTest.start(readSlotMap(settledHere));
  const promotion = core.inboxes.promote(bob, 3);
  await core.clock.advance(1_000);
  await promotion;
  core.slots.change(readSlotMap(gone));
  await core.settle();
  core.slots.change(readSlotMap(takenBack(gone)));
  const origin = core.origin();
  const send = (sequence: number) => void origin.send({ sequence, bodies: [`${sequence}`] });
  [1, 2].forEach(send);
  await core.settle();
  core.peers.pull = () => Promise.resolve({ ...PULL_LATER, kind: 'held', isLast: true });
  const { openStore } = core;
  const readMarks = openStore.readMarks.bind(openStore);
  // The commit that takes him back reads what is known of those who wrote to him.
  openStore.readMarks = (keys) => {
    openStore.readMarks = readMarks;
    [3, 4, 5].forEach(send);
    return readMarks(keys);
  };
  await core.clock.advance(5_000);
  const [held] = [...core.disk.inboxes].filter(([, rows]) => rows.size > 0);
  expect(bucketsOf(core)).toHaveLength(1);
  expect(bucketsOf(core)).not.toContain('own inbox');
  const rows = [...(held?.[1] ?? [])].toSorted(([a], [b]) => a - b).flatMap(([, envelope]) => bodiesOf(envelope));
  expect(rows).toEqual(['1', '2', '3', '4', '5']);
});

it('what a user’s messages came to, told where he never arrived, goes back to where he is (L6)', async () => {
  const settledThere = { ...gone, version: gone.version + 1, moving: undefined };
  const toHere = movedTo(settledThere, ['tokyo-0', 'tokyo-0']);
  const heir = await CoreUnderTest.start(readSlotMap(toHere));
  const parties = { device: Buffer.alloc(8, 1), sender: bob, recipient: Buffer.from('alice') };
  heir.origin().sendEnvelope(encodeStatusEnvelope({ ...parties, delivered: [{ after: 0, through: 3 }], read: [] }));
  await heir.settle();
  const back = takenBack(toHere);
  heir.slots.change(readSlotMap(back));
  const pulled = heir.inboxes.pull({ version: back.version, kind: 'user', group: 'tokyo-1', user: bob, after: 0, marks: 0 });
  await heir.clock.advance(1_000);
  const answer = await pulled;
  expect([answer.kind, answer.isLast, answer.marks.length]).toEqual(['kept', true, 1]);

  const { core } = await returned(({ kind }) => (kind === 'users' ? { ...PULL_LATER, kind: 'held', isLast: true, users: [bob] } : answer));
  const reader = new TestReader();
  core.attach(reader).askStatus(parties.device, parties.recipient);
  await core.settle();
  expect(reader.statuses).toEqual([
    { device: parties.device, recipient: parties.recipient, delivered: [{ after: 0, through: 3 }], read: [] },
  ]);
});

it('what waits for a slow commit when its user, who never came, is taken back goes to where he is (L1)', async () => {
  const settledThere = { ...gone, version: gone.version + 1, moving: undefined };
  const toHere = movedTo(settledThere, ['tokyo-0', 'tokyo-0']);
  const core = await CoreUnderTest.start(readSlotMap(toHere));
  const origin = core.origin();
  const { openStore } = core;
  const commit = openStore.commit.bind(openStore);
  const slow = Promise.withResolvers<void>();
  openStore.commit = async (...args) => {
    openStore.commit = commit;
    await slow.promise;
    await commit(...args);
  };
  origin.send({ sequence: 1, bodies: ['held'] });
  await core.settle();
  origin.send({ sequence: 2, previous: 1, bodies: ['queued'] });
  origin.send({ sender: 'carol', sequence: 1, bodies: ['queued too'] });
  const back = takenBack(toHere);
  core.slots.change(readSlotMap(back));
  slow.resolve();
  await core.clock.advance(1_000);
  expect([...origin.answers.values()].map(({ kind }) => kind)).toEqual(['appended', 'appended', 'appended']);
  expect(core.outbox.map(({ group, entry }) => [group, ...bodiesOf(entry.envelope)])).toEqual([
    ['tokyo-1', 'held'],
    ['tokyo-1', 'queued'],
    ['tokyo-1', 'queued too'],
  ]);
  expect(bucketsOf(core)).toEqual([]);
});

it('lists nobody whom this move takes from elsewhere, though an earlier one left something of him here', async () => {
  const core = await CoreUnderTest.start(readSlotMap(settledHere));
  await sentTo(core, 'left behind');
  const settledThere = { ...gone, version: gone.version + 1, moving: undefined };
  await core.restart(readSlotMap(settledThere));
  const others = movedTo(settledThere, ['tokyo-1', 'tokyo-1']);
  core.slots.change(readSlotMap(others));
  const pulled = core.inboxes.pull({ version: others.version, kind: 'users', group: 'tokyo-1', user: Buffer.alloc(0), after: 0, marks: 0 });
  await core.clock.advance(1_000);
  expect(await pulled).toMatchObject({ kind: 'held', isLast: true, users: [] });
});

it('remembers that everyone of a group was fetched by a move, also when the group has given others back by the next', () => {
  const fetched = new FetchedUsers();
  for (const version of [4, 5]) fetched.set(FetchedUsers.everyoneOf('tokyo-1', version), version);
  expect([3, 4, 5].map((version) => fetched.hasAllOf('tokyo-1', version))).toEqual([false, true, true]);
});
