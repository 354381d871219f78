/** L8, A8: a core takes in no more than its bounds, and what one sender leaves waiting refuses nobody else. */
import {
  CHANGES_MAX,
  COMMIT_QUEUED_MAX,
  FENCES_MAX,
  ORDER_HOLD_MS,
  ORDER_SWEEP_MS,
  PARKED_BYTES_MAX,
} from '../../../runtime/contract/limits.ts';
import { SEND_FRESH } from '../../../runtime/wire/v2/send.ts';
import { envelopeOf } from '../../fakes/envelopes.ts';
import { CoreUnderTest, TestReader } from './core-under-test.ts';

it('takes COMMIT_QUEUED_MAX envelopes before a commit and answers the next with OVERLOADED', async () => {
  const core = await CoreUnderTest.start();
  const origin = core.origin();
  const envelope = envelopeOf({ recipient: 'many', sequence: 1 });
  for (let i = 0; i < COMMIT_QUEUED_MAX; i++) origin.sendEnvelope(envelope);
  expect(origin.answers.size).toBe(0);
  const next = origin.send({ recipient: 'other' });
  expect(origin.outcome(next)).toBe('OVERLOADED');
  await core.settle();
  expect(origin.answers.size).toBe(COMMIT_QUEUED_MAX + 1);
  const later = [origin.send({ recipient: 'other' }), origin.send({ recipient: 'other' }, { flags: SEND_FRESH })];
  await core.settle();
  expect(later.map((correlation) => origin.outcome(correlation))).toEqual(['REFUSED_IN_ORDER', 'appended']);
});

it('refuses only those who would have to wait when PARKED_BYTES_MAX wait, and takes them again later', async () => {
  const core = await CoreUnderTest.start();
  const origin = core.origin();
  const body = 'x'.repeat(60_000);
  const large = (sequence: number) => ({ sender: 'mallory', sequence, previous: 1, bodies: Array.from({ length: 17 }, () => body) });
  let sequence = 2;
  for (let bytes = 0; bytes < PARKED_BYTES_MAX; bytes += 17 * 60_002) {
    origin.send(large(sequence), { publisherId: sequence });
    sequence += 17;
    await core.settle();
  }
  const refused = origin.send(large(sequence), { publisherId: sequence });
  const roaming = origin.send({ sender: 'rita', sequence: 2, previous: 1 }, { publisherId: 1_001 });
  const normal = [
    origin.send({ sender: 'alice', sequence: 1, bodies: ['hi'] }, { publisherId: 1_002 }),
    origin.send({ sender: 'alice', sequence: 2, previous: 1, bodies: ['again'] }, { publisherId: 1_002 }),
  ];
  await core.settle();
  expect([refused, roaming].map((correlation) => origin.outcome(correlation))).toEqual(['OVERLOADED', 'OVERLOADED']);
  expect(normal.map((correlation) => origin.outcome(correlation))).toEqual(['appended', 'appended']);
  expect(core.stored().slice(0, 2)).toEqual(['hi', 'again']);
  await core.clock.advance(ORDER_HOLD_MS + 2 * ORDER_SWEEP_MS);
  const later = origin.send({ sender: 'rita', sequence: 2, previous: 1 }, { publisherId: 1_001, flags: SEND_FRESH });
  await core.settle();
  expect(origin.outcome(later)).toBe('appended');
});

it('parks a hundred thousand messages of one sender in time, and lets them go in order', async () => {
  const core = await CoreUnderTest.start();
  const origin = core.origin();
  const count = 100_000;
  for (let sequence = 2; sequence <= count; sequence++) origin.send({ sequence, previous: sequence - 1, bodies: [`${sequence}`] });
  await core.settle();
  expect(core.disk.parked.size).toBe(count - 1);
  origin.send({ sequence: 1, bodies: ['1'] });
  await core.settle();
  expect(core.stored()).toEqual(Array.from({ length: count }, (_, i) => String(i + 1)));
  // Work that grew with the square of what is parked would take many minutes.
}, 60_000);

it('cuts a link on which FENCES_MAX recipients stand refused, since their order could not be remembered', async () => {
  const core = await CoreUnderTest.start();
  const origin = core.origin();
  core.disk.failing.commits = 1;
  for (let i = 0; i < FENCES_MAX; i++) origin.send({ recipient: `r${i}` });
  await core.settle();
  expect(origin.cuts[0]).toMatch(/messages to 100000 recipients stand refused/);
  core.inboxes.originClosed(origin);
  const again = core.origin();
  const sent = again.send({ recipient: 'r1' });
  await core.clock.advance(1_000);
  expect(again.outcome(sent)).toBe('appended');
});

it('keeps no more than CHANGES_MAX acknowledgements while the store is away, and loses none', async () => {
  const core = await CoreUnderTest.start();
  const origin = core.origin();
  for (const sequence of [1, 2, 3]) origin.send({ sequence, bodies: [`m${sequence}`] });
  await core.settle();
  const reader = new TestReader();
  const attachment = core.attach(reader);
  await core.settle();
  core.disk.failing.commits = 1;
  for (let i = 0; i < CHANGES_MAX; i++) core.inboxes.change({ apply: () => undefined });
  for (const { position } of reader.pushes) attachment.acknowledge({ bucket: 0, position, index: 0 });
  await core.clock.advance(1_000);
  expect(core.stored()).toEqual(['m1', 'm2', 'm3']);
  attachment.detach({ flush: true });
  await core.clock.advance(1_000);
  expect([reader.ends, core.stored()]).toEqual([['flushed'], []]);
});
