/** A6, A7, F24, L7: each bad v2 frame has its coded answer, costs its own connection at most, and the limits hold at n - 1, n and n + 1. */
import { BATCH_BYTES_MAX, BATCH_MESSAGES_MAX, FRAME_BYTES_MAX, MESSAGE_BYTES_MAX, USER_BYTES_MAX } from '../../runtime/contract/limits.ts';
import { Opcode, VERSION_MAX } from '../../runtime/wire/v2/opcodes.ts';
import { NodePair } from './node-pair.ts';
import { hex, RawSocket } from './raw-socket.ts';
import { hello, rawFrame, V2Client } from './v2-client.ts';

let pair: NodePair;
let bystander: V2Client;
let users = 0;
const name = (prefix: string) => `${prefix}-${++users}`;

beforeAll(async () => {
  pair = await NodePair.start(22_030);
  bystander = await V2Client.logIn(pair.address, 'bystander');
});
afterEach(async () => {
  expect(await bystander.ping(42)).toBe(42);
});
afterAll(() => pair.stop());

const send = (flags: string, sequence: string, previous: string, rest: string) => hex(`02 ${flags} ${sequence} ${previous} ${rest}`);
const ONE = '0000000000000001';
const ZERO = '0000000000000000';

describe('a frame that ends its connection, and no other', () => {
  it.each<[string, string, Buffer]>([
    ['FRAME_TOO_LARGE', 'a length above the limit, before its body', hex('00 ff ff ff')],
    ['FRAME_TRUNCATED', 'an empty frame', rawFrame(Buffer.alloc(0))],
    ['FRAME_TRUNCATED', 'a PING without its token', rawFrame(hex('05'))],
    ['FRAME_TRUNCATED', 'a PING with an option cut short', rawFrame(hex(`05 ${ZERO} 01 0009 00`))],
    ['FRAME_TRUNCATED', 'an ACK that ends inside its cursor', rawFrame(hex('04 00000000'))],
    ['FRAME_TRUNCATED', 'a SEND that ends before its sequence', rawFrame(hex('02 00 0000'))],
    ['FRAME_MALFORMED', 'a number of more than 53 bits', rawFrame(hex('05 ffffffffffffffff'))],
    ['FRAME_MALFORMED', 'a second HELLO', hello('someone')],
  ])('is answered with %s: %s', async (code, _, bytes) => {
    const client = await V2Client.logIn(pair.address, name('bad'));
    client.raw.write(bytes);
    expect(await client.fault()).toMatchObject({ code, count: 0 });
    await client.raw.closed();
  });
});

describe('a first frame that is refused', () => {
  const cursors = (count: number) => Array.from({ length: count }, () => ({ bucket: 0, position: 0, index: 0 }));

  it.each<[string, string, Buffer]>([
    ['HELLO_EXPECTED', 'a SEND', rawFrame(send('00', ONE, ZERO, '0003 626f62 0001 61'))],
    ['HELLO_EXPECTED', 'an unknown opcode', rawFrame(hex('7f'))],
    ['VERSION_UNSUPPORTED', 'only newer versions', hello('a', { versionMin: VERSION_MAX + 1, versionMax: VERSION_MAX + 5 })],
    ['VERSION_UNSUPPORTED', 'only older versions', hello('a', { versionMin: 0, versionMax: 1 })],
    ['VERSION_UNSUPPORTED', 'a range upside down', hello('a', { versionMin: 3, versionMax: 2 })],
    ['NAME_INVALID', 'an empty name', hello('')],
    ['NAME_INVALID', 'a control character in the name', hello('a\nb')],
    ['FRAME_TOO_LARGE', 'a name of 257 bytes', hello('x'.repeat(USER_BYTES_MAX + 1))],
    ['FRAME_TOO_LARGE', 'a token of 9 KB (A3)', hello('a', { token: 'x'.repeat(9_000) })],
    ['FRAME_MALFORMED', '1,025 cursors', hello('a', { cursors: cursors(1_025) })],
    ['FRAME_TRUNCATED', 'a HELLO that ends inside its device', rawFrame(hex('01 02 02 0000'))],
  ])('is answered with %s: %s', async (code, _, bytes) => {
    const client = await V2Client.open(pair.address);
    client.raw.write(bytes);
    expect(await client.fault()).toMatchObject({ code, count: 0 });
    await client.raw.closed();
  });

  it('is not one at the limits: a name of 256 bytes, 1,024 cursors, a wide version range, options of a newer release', async () => {
    const frame = hello('y'.repeat(USER_BYTES_MAX), { versionMin: 1, versionMax: 200, cursors: cursors(1_024) });
    const client = await V2Client.open(pair.address);
    client.raw.write(rawFrame(Buffer.concat([frame.subarray(4), hex('99 0002 abcd')])));
    await client.expect(Opcode.Welcome);
    expect(await client.ping(1)).toBe(1);
  });
});

it('an unknown opcode is a FAULT that keeps the connection (A26)', async () => {
  const client = await V2Client.logIn(pair.address, name('newer'));
  for (const opcode of [0x00, 0x07, 0x42, 0x7f, 0x81, 0xff]) {
    client.raw.write(rawFrame(Buffer.of(opcode, 1, 2, 3)));
    expect(await client.fault()).toMatchObject({ code: 'OPCODE_UNKNOWN', count: 0 });
  }
  expect(await client.ping(5)).toBe(5);
});

describe('a send that is refused for itself keeps the connection', () => {
  it.each<[string, string, number, Buffer]>([
    ['NAME_INVALID', 'an empty recipient', 1, send('00', ONE, ZERO, '0000 0001 61')],
    ['NAME_INVALID', 'a control character in the recipient', 1, send('00', ONE, ZERO, '0001 09 0001 61')],
    ['FRAME_TOO_LARGE', 'a recipient of 257 bytes', 1, send('00', ONE, ZERO, `0101 ${'61'.repeat(257)} 0001 61`)],
    ['FRAME_TRUNCATED', 'a message cut short', 1, send('00', ONE, ZERO, '0003 626f62 0005 61')],
    ['FRAME_MALFORMED', 'a SEND without a message', 1, send('00', ONE, ZERO, '0003 626f62')],
    ['FRAME_MALFORMED', 'a SEND of two messages', 2, send('00', ONE, ZERO, '0003 626f62 0001 61 0001 62')],
    [
      'FRAME_MALFORMED',
      'more empty messages than a FAULT can count',
      65_535,
      send('00', ONE, ZERO, `0003 626f62 ${'0000'.repeat(70_000)}`),
    ],
    ['SEQUENCE_INVALID', 'a predecessor that is not before it', 1, send('00', ONE, ONE, '0003 626f62 0001 61')],
  ])('%s: %s', async (code, _, count, body) => {
    const client = await V2Client.logIn(pair.address, name('sender'));
    client.raw.write(rawFrame(body));
    expect(await client.fault()).toMatchObject({ code, sequence: 1, count });
    client.send('nobody', 2, ['fine']);
    expect((await client.sent()).sequence).toBe(2);
  });

  it('a sequence that reaches 2^52 with its batch, which no node behind the edge hears of: statuses, links and bridges go on', async () => {
    const client = await V2Client.logIn(pair.address, name('last'));
    const beyond = (sequence: string, entries: string) =>
      rawFrame(send('04', sequence, ZERO, `0003 626f62 ${entries}`).fill(entries.length > 6 ? 3 : 2, 0, 1));
    for (const [sequence, entries] of [
      ['0010000000000000', '0001 61'],
      ['001fffffffffffff', '0001 61'],
      ['000fffffffffffff', '0001 61 0001 62'],
      ['001fffffffffffff', '0001 61 0001 62'],
    ] as const) {
      client.raw.write(beyond(sequence, entries));
      expect((await client.fault()).code).toBe('SEQUENCE_INVALID');
    }
    client.raw.write(beyond('000fffffffffffff', '0001 61'));
    expect((await client.sent()).sequence).toBe(0xf_ffff_ffff_ffff);
  });

  it('sequence 0 names no message, so it ends the connection', async () => {
    const client = await V2Client.logIn(pair.address, name('zero'));
    client.raw.write(rawFrame(send('00', ZERO, ZERO, '0003 626f62 0001 61')));
    expect((await client.fault()).code).toBe('SEQUENCE_INVALID');
    await client.raw.closed();
  });
});

describe('the limits of a batch (A6)', () => {
  const entries = (count: number, size: number) => {
    const entry = Buffer.concat([Buffer.of(size >> 8, size & 0xff), Buffer.alloc(size, 0x78)]);
    return Buffer.concat(Array.from({ length: count }, () => entry));
  };
  const frame = (body: Buffer, opcode = 3) => rawFrame(Buffer.concat([Buffer.of(opcode, 0), hex(`${ONE} ${ZERO} 0002 7a7a`), body]));
  const filler = (bytes: number) => Buffer.concat([entries(15, MESSAGE_BYTES_MAX), entries(1, bytes - 15 * (MESSAGE_BYTES_MAX + 2) - 2)]);

  it.each<[string, Buffer, string | undefined]>([
    ['999 messages', frame(entries(BATCH_MESSAGES_MAX - 1, 1)), undefined],
    ['1,000 messages', frame(entries(BATCH_MESSAGES_MAX, 1)), undefined],
    ['1,001 messages', frame(entries(BATCH_MESSAGES_MAX + 1, 1)), 'FRAME_MALFORMED'],
    ['1,000 empty messages', frame(entries(BATCH_MESSAGES_MAX, 0)), undefined],
    ['a message of 65,534 bytes', frame(entries(1, MESSAGE_BYTES_MAX - 1), 2), undefined],
    ['a message of 65,535 bytes', frame(entries(1, MESSAGE_BYTES_MAX), 2), undefined],
    ['a batch of 1 MiB - 1', frame(filler(BATCH_BYTES_MAX - 1)), undefined],
    ['a batch of 1 MiB', frame(filler(BATCH_BYTES_MAX)), undefined],
    ['a batch of 1 MiB + 1', frame(filler(BATCH_BYTES_MAX + 1)), 'FRAME_TOO_LARGE'],
  ])('%s', async (_, bytes, code) => {
    const client = await V2Client.logIn(pair.address, name('batcher'));
    await client.raw.writeAll(bytes);
    if (code === undefined) expect((await client.sent()).sequence).toBe(1);
    else expect(await client.fault()).toMatchObject({ code, sequence: 1 });
    expect(await client.ping(1)).toBe(1);
  });

  it('a frame of FRAME_BYTES_MAX is read to its end, one byte more is refused by its length', async () => {
    const client = await V2Client.logIn(pair.address, name('framer'));
    await client.raw.writeAll(rawFrame(Buffer.concat([hex(`7e`), Buffer.alloc(FRAME_BYTES_MAX - 1)])));
    expect((await client.fault()).code).toBe('OPCODE_UNKNOWN');
    client.raw.write(hex((FRAME_BYTES_MAX + 1).toString(16).padStart(8, '0')));
    expect((await client.fault()).code).toBe('FRAME_TOO_LARGE');
  });
});

it('a false length costs the edge nothing before its bytes come (A6)', async () => {
  const before = pair.edge.residentKilobytes;
  const sockets = await Promise.all(Array.from({ length: 500 }, () => RawSocket.open(pair.address)));
  for (const raw of sockets) raw.write(Buffer.concat([hex((FRAME_BYTES_MAX - 1).toString(16).padStart(8, '0')), Buffer.of(1)]));
  await bystander.ping(1);
  expect(pair.edge.residentKilobytes - before).toBeLessThan(30_000);
  for (const raw of sockets) raw.end();
});
