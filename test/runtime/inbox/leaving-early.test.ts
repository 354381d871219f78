/** L2, L6, F18: what a reader acknowledged while its user is on the way here from another core, and leaves or stays. */
import { readSlotMap } from '../../../runtime/contract/slot-map.ts';
import { movedTo } from '../../../runtime/contract/slot-map-moves.ts';
import { PULL_LATER, type PullAnswer, type PullRequest } from '../../../runtime/ports/handover.ts';
import { envelopeOf } from '../../fakes/envelopes.ts';
import { CoreUnderTest, TestReader } from './core-under-test.ts';
import { bob, TWO_CORES } from './two-cores.ts';

const away = { ...movedTo(TWO_CORES, ['tokyo-1', 'tokyo-1']), version: 3, moving: undefined };
const coming = movedTo(away, ['tokyo-0', 'tokyo-1']);
const elsewhere = { ...away, version: 5 };

class MovingReader extends TestReader {
  moves = 0;

  moved(): void {
    this.moves++;
  }
}

function rowsOfBob({ kind, after }: PullRequest): PullAnswer {
  const held = { ...PULL_LATER, kind: 'held', nextPosition: 100 } as const;
  if (kind === 'users') return { ...held, isLast: true, users: [bob] };
  const rows = [1, 2, 3].map((sequence) => ({
    position: 10 * sequence,
    envelope: envelopeOf({ recipient: 'bob', sequence, bodies: [`m${sequence}`] }),
    firstIndex: 0,
  }));
  return kind === 'user' && after === 0 ? { ...held, rows } : { ...held, isLast: true };
}

async function left(): Promise<{ core: CoreUnderTest; reader: MovingReader }> {
  const core = await CoreUnderTest.start(readSlotMap(coming));
  const reader = new MovingReader();
  const subscription = core.attach(reader, 'bob', { acknowledged: [{ bucket: 0, position: 10, index: 0 }] });
  subscription.acknowledge({ bucket: 0, position: 20, index: 0 });
  subscription.detach({ flush: true });
  await core.settle();
  expect(reader.ends).toEqual([]);
  return { core, reader };
}

it('counts once its user is here, and only then the farewell is answered', async () => {
  const { core, reader } = await left();
  core.peers.pull = (_address, request) => Promise.resolve(rowsOfBob(request));
  for (let i = 0; i < 20 && reader.ends.length === 0; i++) {
    await core.clock.advance(100);
    await core.settle();
  }
  expect([core.stored(), reader.ends]).toEqual([['m3'], ['flushed']]);
});

it('counts once its user is here when the reader stays, though it is pushed only what it had not seen', async () => {
  const core = await CoreUnderTest.start(readSlotMap(coming));
  const reader = new MovingReader();
  core.attach(reader, 'bob', { isReattached: true, shown: [{ bucket: 0, position: 20, index: 0 }] }).acknowledge({
    bucket: 0,
    position: 20,
    index: 0,
  });
  await core.settle();
  core.peers.pull = (_address, request) => Promise.resolve(rowsOfBob(request));
  for (let i = 0; i < 20; i++) await core.clock.advance(100);
  expect([core.stored(), reader.bodies]).toEqual([['m3'], ['m3']]);
});

it.each([true, false])('counts once its user is here for one of v1, message by message; it leaves meanwhile: %s', async (isLeaving) => {
  const core = await CoreUnderTest.start(readSlotMap(coming));
  const subscription = core.attach(new MovingReader(), 'bob', { isSelective: true, isReattached: true });
  subscription.remove(0, 20);
  if (isLeaving) subscription.detach({ flush: false });
  await core.settle();
  core.peers.pull = (_address, request) => Promise.resolve(rowsOfBob(request));
  for (let i = 0; i < 20; i++) await core.clock.advance(100);
  expect(core.stored()).toEqual(['m1', 'm3']);
});

it('is told to the user’s new owner when the move is over before the user has come', async () => {
  const { core, reader } = await left();
  core.slots.change(readSlotMap(elsewhere));
  await core.settle();
  expect([reader.ends, reader.moves]).toEqual([[], 1]);
});
