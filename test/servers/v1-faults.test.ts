/** W1, W2, W3, W5, F24: what one v1 client does costs itself at most, and what waits for a user is delivered. */
import { NodePair, until } from './node-pair.ts';
import { hex, RawSocket } from './raw-socket.ts';
import { batch, send, status, V1Client } from './v1-client.ts';
import { V2Client } from './v2-client.ts';

let pair: NodePair;

beforeAll(async () => {
  pair = await NodePair.start(22_010);
});
afterAll(() => pair.stop());

it('50 bystanders of both protocols stay while one client sends every opcode, 70 KB partials and 65,530-byte SENDs (W1)', async () => {
  const old = await Promise.all(Array.from({ length: 25 }, (_, i) => V1Client.logIn(pair.address, `old-${i}`)));
  const young = await Promise.all(Array.from({ length: 25 }, (_, i) => V2Client.logIn(pair.address, `young-${i}`)));
  const rests = ['', '00', '0003 626f62', 'ffff ffffffff', '0000 0000 0000 0000'];
  const mallory = await V1Client.logIn(pair.address, 'mallory');
  for (let opcode = 0; opcode <= 0xff; opcode++) {
    const [logged, fresh] = [await V1Client.logIn(pair.address, `mallory-${opcode}`), await RawSocket.open(pair.address)];
    for (const rest of rests) {
      const packet = Buffer.concat([Buffer.of(opcode), hex(rest)]);
      for (const raw of [mallory.raw, logged.raw, fresh]) raw.write(packet);
    }
    await logged.raw.writeAll(Buffer.concat([Buffer.of(opcode, 0, 3), Buffer.from('bob'), Buffer.alloc(70_000, 0xff)]));
    logged.end();
    fresh.end();
  }
  const huge = 'x'.repeat(65_530);
  const large = await V1Client.logIn(pair.address, 'large');
  for (let i = 0; i < 5; i++) await large.raw.writeAll(send('large', huge));
  for (const { body } of await large.messages(5)) expect(body.length).toBe(65_530);
  for (let i = 0; i < old.length; i++) large.send(`old-${i}`, `still there ${i}?`);
  for (const [i, client] of old.entries()) expect((await client.message()).body).toBe(`still there ${i}?`);
  for (const client of young) expect(await client.ping(7)).toBe(7);
  expect([...old.map(({ raw }) => raw), ...young.map(({ raw }) => raw)].filter(({ isClosed }) => isClosed)).toEqual([]);
}, 60_000);

it.each([256, 257, 1_025, 65_535])(
  'a question about a name of %i bytes is answered as about one who is away, and reaches no link that it could break',
  async (bytes) => {
    const bystander = await V2Client.logIn(pair.address, `beside-${bytes}`);
    const client = await V1Client.logIn(pair.address, `asks-${bytes}`);
    const name = 'x'.repeat(bytes);
    for (let i = 1; i <= 20; i++) {
      await client.raw.writeAll(status(name));
      const answer = await client.raw.take(1 + 2 + bytes + 1 + 8);
      expect(answer.subarray(3 + bytes).toString('hex')).toBe('000000000000000000');
      bystander.send('nobody', i, ['still here']);
      expect((await bystander.sent()).sequence).toBe(i);
    }
  },
  30_000,
);

it('a login delivers 20,000 waiting messages once and in order, with the edge’s memory bounded (W2)', async () => {
  const sender = await V1Client.logIn(pair.address, 'w2-sender');
  const bodies = Array.from({ length: 20_000 }, (_, i) => `${i}`.padStart(100, '.'));
  for (let i = 0; i < bodies.length; i += 500) await sender.raw.writeAll(batch('w2', bodies.slice(i, i + 500)));
  await until(async () => (await pair.metric('edge', 'iris_messages_acknowledged_total')) >= 20_000, 'all are stored');
  const before = pair.edge.residentKilobytes;
  const receiver = await V1Client.logIn(pair.address, 'w2');
  expect((await receiver.messages(20_000)).map(({ body }) => body)).toEqual(bodies);
  expect(pair.edge.residentKilobytes - before).toBeLessThan(40_000);
  receiver.end();
}, 60_000);

it('500 SENDs to an offline user are there in order for a login right after the last (W5)', async () => {
  const sender = await V1Client.logIn(pair.address, 'w5-sender');
  sender.raw.write(Buffer.concat(Array.from({ length: 500 }, (_, i) => send('w5', `${i}`))));
  const receiver = await V1Client.logIn(pair.address, 'w5');
  expect((await receiver.messages(500)).map(({ body }) => body)).toEqual(Array.from({ length: 500 }, (_, i) => `${i}`));
});

it('a client that dies before it has read gets everything at its next login, with the same ids (W3, W7)', async () => {
  const sender = await V1Client.logIn(pair.address, 'w3-sender');
  const first = await V1Client.logIn(pair.address, 'w3');
  sender.raw.write(Buffer.concat([send('w3', 'a'), batch('w3', ['b', 'c'])]));
  const seen = await first.messages(3);
  first.end();
  const second = await V1Client.logIn(pair.address, 'w3');
  const again = await second.messages(3);
  expect(again).toEqual(seen);
  for (const message of again.slice(0, 2)) second.ack(message);
  await second.handled();
  second.end();
  const third = await V1Client.logIn(pair.address, 'w3');
  expect((await third.messages(2)).map(({ body }) => body)).toEqual(['b', 'c']);
});

it('a second login takes the inbox over; the first stays open, and what it left comes when it closes', async () => {
  const sender = await V1Client.logIn(pair.address, 'take-sender');
  const first = await V1Client.logIn(pair.address, 'take');
  sender.send('take', 'to the first');
  const left = await first.message();
  const second = await V1Client.logIn(pair.address, 'take');
  await second.handled();
  sender.send('take', 'to the second');
  const message = await second.message();
  expect(message.body).toBe('to the second');
  second.ack(message);
  expect([first.raw.isClosed, first.raw.received.length]).toEqual([false, 0]);
  first.end();
  expect(await second.message()).toEqual(left);
});
