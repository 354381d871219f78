/** X3, F14, L4: what was set aside is sent again once, or given up with its reader told; until then it stays. */
import type { DeadLetter } from '../../../runtime/contract/dead-letter.ts';
import { CoreUnderTest, TestReader } from './core-under-test.ts';

/** A core that has set aside the second of three messages to bob, who has read the others. */
async function withLetter() {
  const core = await CoreUnderTest.start();
  const reader = new TestReader();
  const attachment = core.attach(reader);
  const origin = core.origin();
  for (const sequence of [1, 2, 3]) origin.send({ sequence, previous: sequence - 1, bodies: [`m${sequence}`] });
  await core.settle();
  const [, second, third] = reader.pushes;
  attachment.undelivered({ bucket: 0, position: second!.position, tries: 3, reason: 'no such font' });
  await core.settle();
  attachment.acknowledge({ bucket: 0, position: third!.position, index: 0 });
  await core.settle();
  const letter = core.inboxes.deadLetters.list[0] as DeadLetter;
  return { core, reader, attachment, letter, letters: core.inboxes.returnedLetters, behind: third!.position };
}

/** Lets an answer come, however long its commits take. */
async function answered<T>(core: CoreUnderTest, ...answers: Promise<T>[]): Promise<PromiseSettledResult<T>[]> {
  const outcomes = Promise.allSettled(answers);
  await core.clock.advance(1_000);
  return await outcomes;
}

it('sends a letter again once, behind what has been read', async () => {
  const { core, reader, letter, letters, behind } = await withLetter();
  expect([letter.reason, core.stored()]).toEqual(['no such font', []]);
  const outcomes = await answered(core, letters.retry(letter), letters.retry(letter));
  expect(outcomes).toMatchObject([{ status: 'fulfilled' }, { status: 'rejected', reason: { code: 'COMMAND_INVALID' } }]);
  expect(reader.bodies).toEqual(['m1', 'm2', 'm3', 'm2']);
  expect(reader.pushes.at(-1)?.sender).toBe('alice');
  expect(reader.pushes.at(-1)!.position).toBeGreaterThan(behind);
  expect([core.inboxes.deadLetters.list, core.stored()]).toEqual([[], ['m2']]);
  await core.restart();
  expect(core.inboxes.deadLetters.list).toEqual([]);
});

it('sends it once where the core dies before the letter is out of the store (L2)', async () => {
  const { core, letter, letters } = await withLetter();
  const record = [...core.disk.records];
  await answered(core, letters.retry(letter));
  for (const [key, value] of record) core.disk.records.set(key, value);
  await core.restart();
  expect(core.inboxes.deadLetters.list).toEqual([letter]);
  await answered(core, core.inboxes.returnedLetters.retry(core.inboxes.deadLetters.list[0] as DeadLetter));
  expect([core.inboxes.deadLetters.list, core.stored(), core.telemetry.value('iris_duplicates_total')]).toEqual([[], ['m2'], 1]);
});

it('fails on a letter to a full inbox, and keeps it', async () => {
  const { core, letter, letters } = await withLetter();
  core.disk.bounds = { ...core.disk.bounds, inbox: { envelopesMax: 0, bytesMax: 0 } };
  const [outcome] = await answered(core, letters.retry(letter));
  expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'INBOX_FULL' } });
  await core.restart();
  expect(core.inboxes.deadLetters.list).toEqual([letter]);
});

it('tells a reader of a letter that is given up, now and at each attach until it is past it, and forgets the letter', async () => {
  const { core, reader, attachment, letter, letters } = await withLetter();
  await answered(core, letters.discard(letter), letters.discard(letter), letters.retry(letter));
  expect(reader.gaps).toMatchObject([{ bucket: 0, messages: 1, reason: 1 }]);
  expect(core.inboxes.deadLetters.list).toEqual([]);
  attachment.detach({ flush: false });
  await core.restart();
  const again = new TestReader();
  const second = core.attach(again);
  await core.settle();
  expect([core.inboxes.deadLetters.list, again.gaps]).toEqual([[], reader.gaps]);
  second.acknowledge({ bucket: 0, position: again.gaps[0]!.through, index: 0xffff });
  await core.settle();
  const later = new TestReader();
  core.attach(later);
  await core.settle();
  expect(later.gaps).toEqual([]);
});
