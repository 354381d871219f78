/** F24, L8, A6: whatever a client writes into the fields of whole frames, the links behind the edge, which everyone uses, go on. */
import { SeededRandom } from '../../runtime/simulation/seeded-random.ts';
import { NodePair } from './node-pair.ts';
import { RawSocket } from './raw-socket.ts';
import { login } from './v1-client.ts';
import { hello, rawFrame, V2Client } from './v2-client.ts';

const CONNECTIONS = 200;
let pair: NodePair;

beforeAll(async () => {
  pair = await NodePair.start(22_980);
});
afterAll(() => pair.stop());

const u16 = (value: number) => Buffer.of(value >> 8, value & 0xff);
const u64 = (value: bigint) => Buffer.from(value.toString(16).padStart(16, '0'), 'hex');
const text16 = (bytes: Buffer) => Buffer.concat([u16(bytes.length), bytes]);

/** Fields at and beside their limits. */
class Fields {
  private readonly random: SeededRandom;

  constructor(random: SeededRandom) {
    this.random = random;
  }

  name(): Buffer {
    const length = this.random.pick([1, 1, 1, 5, 0, 255, 256, 257, 1_024, 1_025, 32_768, 65_535]);
    return text16(
      length < 6 ? Buffer.from(`u${this.random.below(9)}`.slice(0, length)) : Buffer.alloc(length, 0x61 + this.random.below(26)),
    );
  }

  number(): Buffer {
    const powers = [0n, 1n, 1n << 32n, (1n << 52n) - 2n, (1n << 52n) - 1n, 1n << 52n, (1n << 53n) - 1n, 1n << 53n, (1n << 64n) - 1n];
    return u64(this.random.oneIn(2) ? BigInt(this.random.below(100)) : this.random.pick(powers));
  }

  sequences(): Buffer {
    const count = this.random.pick([0, 1, 2, 16, 17]);
    return Buffer.concat([Buffer.of(count), ...Array.from({ length: count * 2 }, () => this.number())]);
  }

  entries(): Buffer {
    const count = this.random.pick([1, 1, 2, 999, 1_000, 1_001]);
    return Buffer.concat(Array.from({ length: count }, () => text16(Buffer.from('x'))));
  }

  v2(): Buffer {
    const { random } = this;
    const names = () => Buffer.concat(Array.from({ length: random.pick([1, 3, 40]) }, () => this.name()));
    const bodies: (() => (Buffer | number)[])[] = [
      () => [random.pick([2, 3]), random.below(256), this.number(), this.number(), this.name(), this.entries()],
      () => [4, 0, 0, random.below(3), 0, this.number(), u16(random.pick([0, 1, 0xffff]))],
      () => [7, random.bytes(8), this.name(), this.sequences()],
      () => [8, this.name()],
      () => [9, random.below(3), this.name()],
      () => [0x0a, this.name()],
      () => [random.pick([0x0c, 0x0d]), 1, this.name()],
      () => [0x0e, random.bytes(4), random.below(2), random.below(3), text16(names().subarray(0, 9_000))],
      () => [0x0b, u16(random.below(20)), u16(random.below(20)), u16(random.below(9)), this.number()],
    ];
    return rawFrame(
      Buffer.concat(
        random
          .pick(bodies)()
          .map((part) => (typeof part === 'number' ? Buffer.of(part) : part)),
      ),
    );
  }

  v1(): Buffer {
    const { random } = this;
    const long = (bytes: Buffer) => Buffer.concat([Buffer.of(0, 0), u16(bytes.length), bytes]);
    const bodies: (() => (Buffer | number)[])[] = [
      () => [2, this.name(), this.name()],
      () => [4, this.name(), long(this.entries())],
      () => [5, this.name()],
      () => [7, this.name(), this.number(), this.name()],
      () => [random.pick([0x70, 0x71]), this.name()],
      () => [0x74, text16(random.bytes(random.pick([0, 16, 64]))), this.name()],
      () => [0x23, this.name(), text16(Buffer.of(0xa0)), long(Buffer.from('x'))],
    ];
    return Buffer.concat(
      random
        .pick(bodies)()
        .map((part) => (typeof part === 'number' ? Buffer.of(part) : part)),
    );
  }
}

it(`${CONNECTIONS} connections with fields at and beyond their limits break no link, and a bystander is answered all along`, async () => {
  const random = new SeededRandom(20_260_101);
  const fields = new Fields(random);
  const bystander = await V2Client.logIn(pair.address, 'bystander');
  for (let i = 1; i <= CONNECTIONS; i++) {
    const isOld = random.oneIn(3);
    const raw = await RawSocket.open(pair.address);
    raw.write(isOld ? login(`u${random.below(9)}`) : hello(`u${random.below(9)}`));
    await raw.take(isOld ? 9 : 4);
    for (let n = 0; n < 12 && !raw.isClosed; n++) raw.write(isOld ? fields.v1() : fields.v2());
    raw.socket.end();
    if (i % 10 !== 0) continue;
    bystander.send('nobody', i, ['still here']);
    expect((await bystander.sent()).sequence).toBe(i);
  }
  expect(`${pair.edge.said}${pair.core.said}`.split('\n').filter((line) => /link-lost|link-broken|refused|failed/.test(line))).toEqual([]);
}, 60_000);
