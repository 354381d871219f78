/** L1, F2, F15: nobody outside a core hears of new buckets, or acts on them, before they are on its disk. */
import { readSlotMap } from '../../../runtime/contract/slot-map.ts';
import { movedTo } from '../../../runtime/contract/slot-map-moves.ts';
import { RecordKind } from '../../../runtime/ports/inbox-store.ts';
import { markKeyOf } from '../../../runtime/wire/envelope.ts';
import { envelopeOf } from '../../fakes/envelopes.ts';
import { CoreUnderTest } from './core-under-test.ts';
import { bob, TWO_CORES } from './two-cores.ts';

/** Beyond the pause after a commit that failed. */
const RETRIED_MS = 1_000;

/** A promotion whose first commit the store does not take. */
async function promotedLate(core: CoreUnderTest, buckets: number): Promise<void> {
  core.disk.failing.commits = 1;
  void core.inboxes.promote(bob, buckets);
  await core.settle();
  expect(core.disk.failing.commits).toBe(0);
}

it('an edge is told of a promotion once that is on the disk', async () => {
  const core = await CoreUnderTest.start();
  const origin = core.origin();
  core.disk.failing.commits = 1;
  void core.inboxes.promote(bob, 2);
  const refused = origin.send({ bodies: ['first'] });
  await core.settle();
  expect([origin.outcome(refused), origin.layouts]).toEqual(['STORE_FAILED', []]);
  await core.clock.advance(RETRIED_MS);
  expect(origin.layouts).toEqual([{ user: 'bob', generation: 1 }]);
});

it('a crash before that leaves no edge that sends to buckets which nobody will read', async () => {
  const core = await CoreUnderTest.start();
  const origin = core.origin();
  core.disk.failing.commits = 1;
  void core.inboxes.promote(bob, 2);
  origin.send({ bodies: ['first'] });
  await core.settle();
  await core.restart();
  await core.clock.advance(RETRIED_MS);
  expect([origin.layouts, core.disk.records.size]).toEqual([[], 0]);
});

it('an older generation is not sealed at its owners before the one behind it is on the disk', async () => {
  const core = await CoreUnderTest.start(readSlotMap(TWO_CORES));
  core.owners = { bucket: async () => ({ isSealed: true, isEmpty: true, messagesPerSecond: 0 }), finalMarks: async () => undefined };
  const first = core.inboxes.promote(bob, 8);
  await core.settle();
  await first;
  await core.clock.advance(RETRIED_MS);
  let asked = 0;
  core.owners.finalMarks = async (_address, { keys }) => {
    asked++;
    return keys.map(() => undefined);
  };
  await promotedLate(core, 2);
  const keys = Array.from({ length: 20 }, (_, i) => markKeyOf(envelopeOf({ sender: `s${i}`, recipient: 'bob' })));
  const answer = core.inboxes.finalMarks({ inbox: bob, below: 2, keys });
  await core.settle();
  expect(asked).toBe(0);
  await core.clock.advance(RETRIED_MS);
  expect(await answer).toHaveLength(keys.length);
  expect(asked).toBeGreaterThan(0);
});

it('a promotion on its way to the disk goes with a user who moves away meanwhile (F18)', async () => {
  const here = { ...movedTo(TWO_CORES, ['tokyo-0', 'tokyo-0']), moving: undefined };
  const core = await CoreUnderTest.start(readSlotMap(here));
  await promotedLate(core, 2);
  const gone = movedTo(here, ['tokyo-1', 'tokyo-0']);
  core.slots.change(readSlotMap(gone));
  const request = { version: gone.version, kind: 'user', group: 'tokyo-1', user: bob, after: 0, marks: 0 } as const;
  const answer = core.inboxes.pull(request);
  await core.clock.advance(RETRIED_MS);
  expect(await answer).toMatchObject({ kind: 'held', isLast: true, records: [{ kind: RecordKind.layout }] });
});
