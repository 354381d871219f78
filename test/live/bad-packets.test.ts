/** F24, L8: bad packets of any kind cost their own connection at most; 50 bystanders of both protocols stay. */
import { RawSocket } from '../servers/raw-socket.ts';
import { ack, batch, login, send, status, V1Client } from '../servers/v1-client.ts';
import { hello, rawFrame, sendFrame, V2Client } from '../servers/v2-client.ts';
import { LiveFleet } from './live-fleet.ts';
import { pick, report, SEED, seeded } from './traffic.ts';

const CONNECTIONS = 3_000;
let fleet: LiveFleet;

beforeAll(async () => {
  fleet = await LiveFleet.start({ regions: { tokyo: { edges: 1, cores: 1 } } });
}, 60_000);
afterAll(() => fleet?.stop());

/** A valid stream of either protocol, to be damaged. */
function streamOf(random: () => number, user: string): Buffer {
  const v1 = [send('nobody', 'x'.repeat(random() * 300)), batch('nobody', ['a', 'bc']), ack(Buffer.alloc(16, 1)), status('nobody')];
  const v2 = [
    sendFrame('nobody', 1 + Math.floor(random() * 9), ['x'.repeat(random() * 300)]),
    rawFrame(Buffer.from('050000000000000007', 'hex')),
    rawFrame(Buffer.from('04000000000000000000000001000000', 'hex')),
  ];
  const isV1 = random() < 0.5;
  const packets = Array.from({ length: 1 + Math.floor(random() * 6) }, () => pick(random, isV1 ? v1 : v2));
  return Buffer.concat([isV1 ? login(user) : hello(user), ...packets]);
}

/** Flips, cuts, repeats, inserts or replaces bytes. */
function damaged(random: () => number, stream: Buffer): Buffer {
  const at = Math.floor(random() * stream.length);
  switch (Math.floor(random() * 5)) {
    case 0: {
      const flipped = Buffer.from(stream);
      for (let i = 0; i < 1 + random() * 4; i++) flipped[Math.floor(random() * stream.length)]! ^= 1 << Math.floor(random() * 8);
      return flipped;
    }
    case 1:
      return stream.subarray(0, at);
    case 2:
      return Buffer.concat([stream, stream.subarray(at), stream]);
    case 3:
      return Buffer.concat([stream.subarray(0, at), Buffer.alloc(1 + random() * 50, random() * 256), stream.subarray(at)]);
    default:
      return Buffer.from(Array.from({ length: 1 + random() * 400 }, () => Math.floor(random() * 256)));
  }
}

it(`50 bystanders stay while ${CONNECTIONS} connections send damaged packets, whole or byte by byte (F24)`, async () => {
  const random = seeded();
  const address = fleet.address('tokyo-edge-0');
  const old = await Promise.all(Array.from({ length: 25 }, (_, i) => V1Client.logIn(address, `old-${i}`)));
  const young = await Promise.all(Array.from({ length: 25 }, (_, i) => V2Client.logIn(address, `young-${i}`)));
  const before = fleet.process('tokyo-edge-0').residentKilobytes;
  for (let done = 0; done < CONNECTIONS; done += 50) {
    await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        const bytes = damaged(random, streamOf(random, `mallory-${i}`));
        const raw = await RawSocket.open(address);
        const cut = random() < 0.3 ? Math.floor(random() * bytes.length) : bytes.length;
        raw.write(bytes.subarray(0, cut));
        await new Promise((resolve) => setImmediate(resolve));
        raw.write(bytes.subarray(cut));
        if (random() < 0.9) raw.socket.end(() => raw.end());
      }),
    );
  }
  const speaker = await V1Client.logIn(address, 'speaker');
  for (let i = 0; i < 25; i++) speaker.send(`old-${i}`, `to old ${i}`);
  for (let i = 0; i < 25; i++) speaker.send(`young-${i}`, `to young ${i}`);
  for (const [i, client] of old.entries()) expect((await client.message()).body).toBe(`to old ${i}`);
  for (const [i, client] of young.entries()) expect(String((await client.deliver()).messages[0])).toBe(`to young ${i}`);
  const growth = fleet.process('tokyo-edge-0').residentKilobytes - before;
  report(
    `F24: seed ${SEED}, 50 of 50 bystanders stayed through ${CONNECTIONS} damaged connections; the edge grew by ${(growth / 1_024).toFixed(0)} MiB`,
  );
  expect(growth).toBeLessThan(100_000);
}, 120_000);
