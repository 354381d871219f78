/** F25, L1-L4, L7: a link between an edge and a core breaks, falls silent, is refused or speaks nonsense; nothing is lost or doubled. */
import { APPEND_TIMEOUT_MS, LINK_PING_MS, LINK_SILENT_MS, PUSH_CREDIT_BYTES } from '../../../runtime/contract/limits.ts';
import { TestReader } from '../inbox/core-under-test.ts';
import { ADDRESS, LinkUnderTest, TestPublisher } from './link-under-test.ts';

const attach = (link: LinkUnderTest, reader: TestReader, user = 'bob') =>
  link.pool.attach(
    {
      address: ADDRESS,
      user: Buffer.from(user),
      cursors: [],
      credit: { creditBytes: PUSH_CREDIT_BYTES },
      isSelective: false,
      takesEphemerals: true,
      loginStamp: 1,
    },
    reader,
  );
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

it('appends that were under way when the link broke are repeated, answered once, and stored once in order', async () => {
  const link = await LinkUnderTest.start();
  const publisher = new TestPublisher();
  for (const sequence of numbers(1, 3)) link.publish(publisher, sequence);
  await link.advance(1);
  // The core has them; their answers are lost with the link.
  link.transport.cut();
  for (const sequence of numbers(4, 6)) link.publish(publisher, sequence);
  await link.advance(1_000);
  expect([publisher.published_, publisher.refusals]).toEqual([numbers(1, 6), []]);
  expect(link.core.stored()).toEqual(numbers(1, 6).map((i) => `m${i}`));
});

it('a subscription goes on after what it was shown, once and in order, through cuts', async () => {
  const link = await LinkUnderTest.start();
  const [publisher, reader] = [new TestPublisher(), new TestReader()];
  attach(link, reader);
  for (const sequence of numbers(1, 9)) {
    link.publish(publisher, sequence);
    await link.advance(sequence % 4);
    if (sequence % 3 === 0) link.transport.cut();
  }
  await link.advance(2_000);
  expect(reader.bodies).toEqual(numbers(1, 9).map((i) => `m${i}`));
});

it('an acknowledgement made while the link is down is heard when it is up again', async () => {
  const link = await LinkUnderTest.start();
  const [publisher, reader] = [new TestPublisher(), new TestReader()];
  const subscription = attach(link, reader);
  for (const sequence of numbers(1, 3)) link.publish(publisher, sequence);
  await link.advance(50);
  link.transport.isUnreachable = true;
  link.transport.cut();
  await link.advance(50);
  subscription.acknowledge({ bucket: 0, position: reader.pushes[1]?.position as number, index: 0 });
  subscription.detach({ flush: true });
  link.transport.isUnreachable = false;
  await link.advance(5_000);
  expect([reader.ends, link.core.stored()]).toEqual([['flushed'], ['m3']]);
});

it('an append that finds no owner is refused within APPEND_TIMEOUT_MS, and with it what stands behind', async () => {
  const link = await LinkUnderTest.start();
  link.transport.isUnreachable = true;
  link.transport.cut();
  const publisher = new TestPublisher();
  link.publish(publisher, 1);
  await link.advance(APPEND_TIMEOUT_MS);
  expect(publisher.refusals.map(({ sequence, refusal }) => [sequence, refusal.code])).toEqual([[1, 'SHARD_UNAVAILABLE']]);
  expect(link.pool.queuedBytes).toBe(0);
});

it('a node of another environment is refused by name and never serves', async () => {
  const link = await LinkUnderTest.start('other');
  await link.advance(1_000);
  expect(link.pool.counts()).toEqual({ up: 0, all: 1 });
  expect(link.telemetry.lines.find(({ event }) => event === 'link-refused')?.fields).toMatchObject({
    message: 'node of environment other reached one of unit',
  });
});

it.each(['up', 'down'] as const)('a frame of nonsense (%s) costs that link only, which is made anew', async (direction) => {
  const link = await LinkUnderTest.start();
  const [publisher, reader] = [new TestPublisher(), new TestReader()];
  attach(link, reader);
  const bystander = link.core.origin();
  link.transport.inject(direction, Buffer.from('ffffffff00', 'hex'));
  await link.advance(1_000);
  link.publish(publisher, 1);
  const other = bystander.send({ recipient: 'carol' });
  await link.advance(100);
  expect([publisher.published_, reader.bodies, bystander.outcome(other)]).toEqual([[1], ['m1'], 'appended']);
});

it.each(['up', 'down'] as const)('a link that is silent one way (%s) is taken for dead by both sides and made anew', async (direction) => {
  const link = await LinkUnderTest.start();
  const [publisher, reader] = [new TestPublisher(), new TestReader()];
  attach(link, reader);
  await link.advance(10);
  link.transport.mute(direction);
  link.publish(publisher, 1);
  await link.advance(LINK_SILENT_MS + 2 * LINK_PING_MS);
  expect(link.transport.connections).toBe(1);
  link.publish(publisher, 2, 'carol');
  await link.advance(3_000);
  expect(publisher.published_).toContain(2);
  expect(link.core.stored()).toEqual(reader.bodies);
});

it('a closed pool connects no more, not even with a connection that was under way', async () => {
  const link = await LinkUnderTest.start();
  link.transport.delayMs = 100;
  link.transport.cut();
  await link.advance(200);
  link.pool.close();
  await link.advance(5_000);
  expect([link.transport.connections, link.pool.counts().up]).toEqual([0, 0]);
});

it('credit granted in one large step arrives whole, so that a reader who was slow is served on', async () => {
  const link = await LinkUnderTest.start();
  const reader = new TestReader();
  const subscription = attach(link, reader);
  await link.advance(10);
  const bodies = (count: number, size: number) => Array.from({ length: count }, () => 'x'.repeat(size));
  // Just within the credit, and then the largest batch there is.
  link.core.origin().send({ sequence: 1, bodies: bodies(4, 65_520) });
  link.core.origin().send({ sequence: 5, bodies: bodies(16, 65_534) });
  for (let sequence = 21; sequence <= 23; sequence++) link.core.origin().send({ sequence, bodies: ['then'] });
  await link.advance(50);
  expect(reader.pushes.length).toBe(2);
  subscription.grant(4 * 65_522 + 16 * 65_536 + 96);
  await link.advance(50);
  expect(reader.pushes.length).toBe(5);
});
