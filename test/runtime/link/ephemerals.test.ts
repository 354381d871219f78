/** D0 of L1, L7, L8: what goes past the log over a link that breaks, falls silent or is old: answered once, never repeated, bounded. */
import { EPHEMERAL_TIMEOUT_MS, EPHEMERALS_IN_FLIGHT_MAX, LINK_PING_MS } from '../../../runtime/contract/limits.ts';
import type { Refusal } from '../../../runtime/ports/bus.ts';
import { EphemeralKind } from '../../../runtime/ports/inbox-feed.ts';
import { envelopeOf } from '../../fakes/envelopes.ts';
import { TestReader } from '../inbox/core-under-test.ts';
import { ADDRESS, LinkUnderTest } from './link-under-test.ts';

async function start(options: { takesEphemerals?: boolean; creditBytes?: number } = {}) {
  const link = await LinkUnderTest.start();
  const reader = new TestReader();
  const subscription = link.pool.attach(
    {
      address: ADDRESS,
      user: Buffer.from('bob'),
      cursors: [],
      credit: { creditBytes: options.creditBytes ?? 1_000 },
      isSelective: false,
      takesEphemerals: options.takesEphemerals ?? true,
      loginStamp: 1,
    },
    reader,
  );
  await link.advance(10);
  const answers: (Refusal | undefined)[] = [];
  const hand = (body: string, recipient = 'bob') =>
    link.pool.hand(ADDRESS, EphemeralKind.message, envelopeOf({ recipient, bodies: [body] }), (refusal) => answers.push(refusal));
  return { link, reader, subscription, answers, hand };
}

const codes = (answers: readonly (Refusal | undefined)[]) => answers.map((refusal) => refusal?.code);

it('is handed to the reader in order and answered, and enters no log', async () => {
  const { link, reader, answers, hand } = await start();
  for (const body of ['a', 'b', 'c']) hand(body);
  await link.advance(10);
  expect(reader.ephemerals.map(({ bodies, sender }) => [bodies, sender])).toEqual(['a', 'b', 'c'].map((body) => [[body], 'alice']));
  expect([answers, link.core.stored(), reader.bodies]).toEqual([[undefined, undefined, undefined], [], []]);
});

it('is refused for a user who is away, one whose client cannot be shown it, and one who uses up its credit', async () => {
  const { link, answers, hand, reader, subscription } = await start({ creditBytes: 150 });
  hand('x', 'nobody');
  for (let i = 0; i < 5; i++) hand(`${i}`.repeat(50));
  await link.advance(10);
  expect(codes(answers)).toEqual(['NOT_DELIVERED', undefined, undefined, 'NOT_DELIVERED', 'NOT_DELIVERED', 'NOT_DELIVERED']);
  subscription.grant(1_000);
  hand('again');
  await link.advance(10);
  expect(reader.ephemerals.map(({ bodies }) => bodies[0]?.[0])).toEqual(['0', '1', 'a']);
  const other = await start({ takesEphemerals: false });
  other.hand('x');
  await other.link.advance(10);
  expect(codes(other.answers)).toEqual(['NOT_DELIVERED']);
});

it('is refused when its link breaks under it, at once when there is none, and not repeated on the next link', async () => {
  const { link, reader, answers, hand } = await start();
  hand('under way');
  await link.advance(1);
  link.transport.cut();
  await link.advance(1);
  hand('no link');
  await link.advance(5_000);
  expect(codes(answers)).toEqual(['NOT_DELIVERED', 'NOT_DELIVERED']);
  expect(reader.ephemerals.length).toBeLessThanOrEqual(1);
  expect(reader.resumptions).toBe(1);
  hand('after');
  await link.advance(10);
  expect([answers.at(-1), reader.ephemerals.at(-1)?.bodies]).toEqual([undefined, ['after']]);
});

it('is given up when the owner is silent, and no more than EPHEMERALS_IN_FLIGHT_MAX wait for it', async () => {
  const { link, answers, hand } = await start();
  link.transport.mute('down');
  for (let i = 0; i < EPHEMERALS_IN_FLIGHT_MAX + 2; i++) hand('x');
  expect(codes(answers)).toEqual(['NOT_DELIVERED', 'NOT_DELIVERED']);
  await link.advance(EPHEMERAL_TIMEOUT_MS + 2 * LINK_PING_MS);
  expect(answers.length).toBe(EPHEMERALS_IN_FLIGHT_MAX + 2);
  expect(new Set(codes(answers))).toEqual(new Set(['NOT_DELIVERED']));
});
