/** L1, L2, F18: a core that missed the maps by which a user left and came back has taken messages as its owner in between. */
import { readSlotMap } from '../../../runtime/contract/slot-map.ts';
import { movedTo, settled } from '../../../runtime/contract/slot-map-moves.ts';
import { PULL_LATER, type PullAnswer, type PullRequest } from '../../../runtime/ports/handover.ts';
import { markKeyOf } from '../../../runtime/wire/envelope.ts';
import { SEND_RETRY } from '../../../runtime/wire/v2/send.ts';
import { envelopeOf } from '../../fakes/envelopes.ts';
import { CoreUnderTest } from './core-under-test.ts';
import { bob, TWO_CORES } from './two-cores.ts';

const away = settled(movedTo(TWO_CORES, ['tokyo-1', 'tokyo-1']));
const back = movedTo(away, ['tokyo-0', 'tokyo-1']);
const alice = envelopeOf({ sender: 'alice', sequence: 1, bodies: ['alice 1'] });
const dave = envelopeOf({ sender: 'dave', sequence: 1, bodies: ['dave 1'] });

/** The former owner has alice’s message and, by `marks`, has had others. */
function answerOf({ kind }: PullRequest, marks: PullAnswer['marks']): PullAnswer {
  const held = { ...PULL_LATER, kind: 'held', isLast: true, nextPosition: 1_000 } as const;
  if (kind === 'users') return { ...held, users: [bob] };
  return kind === 'done' ? held : { ...held, rows: [{ position: 7, envelope: alice, firstIndex: 0 }], marks };
}

it('keeps what nobody else has behind what the former owner had, and drops what that had too; a retry is known', async () => {
  const core = await CoreUnderTest.start(readSlotMap(TWO_CORES));
  const origin = core.origin();
  for (const sender of ['alice', 'carol', 'dave']) origin.send({ sender, sequence: 1, bodies: [`${sender} 1`] });
  origin.send({ sender: 'carol', sequence: 2, previous: 1, bodies: ['carol 2'] });
  await core.settle();
  const marks = [alice, dave].map((envelope) => ({ key: markKeyOf(envelope), mark: { high: 1, holes: [] } }));
  core.peers.pull = (_address, request) => Promise.resolve(answerOf(request, marks));
  core.slots.change(readSlotMap(back));
  for (let i = 0; i < 20; i++) {
    await core.settle();
    await core.clock.advance(100);
  }
  expect(core.stored('bob')).toEqual(['alice 1', 'carol 1', 'carol 2']);
  const retry = core.origin();
  const again = retry.send({ sender: 'carol', sequence: 2, previous: 1, bodies: ['carol 2'] }, { flags: SEND_RETRY });
  await core.settle();
  expect(retry.outcome(again)).toBe('appended');
  expect(core.stored('bob')).toEqual(['alice 1', 'carol 1', 'carol 2']);
});
