/** F12, L2, L3: every frame of clients and links, cut at every byte: a stream gives the same frames, and no reader looks past its input. */
import { IrisError } from '../../../runtime/contract/errors.ts';
import { FRAME_BYTES_MAX } from '../../../runtime/contract/limits.ts';
import { ByteReader } from '../../../runtime/wire/byte-reader.ts';
import { ByteWriter } from '../../../runtime/wire/byte-writer.ts';
import { FrameSplitter } from '../../../runtime/wire/frame-splitter.ts';
import { decodeRefused, encodeRefused } from '../../../runtime/wire/link/append.ts';
import { decodeAttach, encodeAttach } from '../../../runtime/wire/link/attach.ts';
import * as greeting from '../../../runtime/wire/link/hello.ts';
import { decodeReading, decodeReadingQuery, encodeReading, encodeReadingQuery } from '../../../runtime/wire/link/reading.ts';
import { decodeStatus, encodeStatus } from '../../../runtime/wire/link/status.ts';
import { decodeUndelivered, encodeUndelivered } from '../../../runtime/wire/link/undelivered.ts';
import { encodeAck } from '../../../runtime/wire/v2/ack.ts';
import { decodeCursor } from '../../../runtime/wire/v2/cursor.ts';
import { decodeDeliver, encodeDeliver } from '../../../runtime/wire/v2/deliver.ts';
import { decodeFault, encodeFault } from '../../../runtime/wire/v2/fault.ts';
import { decodeFetch, encodeFetch } from '../../../runtime/wire/v2/fetch.ts';
import { decodeGeneration, encodeGeneration } from '../../../runtime/wire/v2/generation.ts';
import { decodeGoaway, encodeGoaway } from '../../../runtime/wire/v2/goaway.ts';
import { decodeHello, encodeHello, Reads } from '../../../runtime/wire/v2/hello.ts';
import { Opcode } from '../../../runtime/wire/v2/opcodes.ts';
import { decodePing, encodePing } from '../../../runtime/wire/v2/ping.ts';
import { decodeRead, encodeRead } from '../../../runtime/wire/v2/read.ts';
import { decodeSend, encodeSend } from '../../../runtime/wire/v2/send.ts';
import { decodeSent, encodeSent } from '../../../runtime/wire/v2/sent.ts';
import { decodeWelcome, encodeWelcome } from '../../../runtime/wire/v2/welcome.ts';
import { envelopeOf } from '../../fakes/envelopes.ts';

type Vector = [name: string, encode: (out: ByteWriter) => void, decode: (reader: ByteReader) => unknown];

const device = Buffer.alloc(8, 3);
const cursor = { bucket: 1, position: 2 ** 40, index: 7 };
const envelope = envelopeOf({ bodies: ['one', '', 'three'] });
const attach = {
  attachment: 1,
  isSelective: true,
  isReattached: false,
  takesEphemerals: false,
  loginStamp: 5,
  creditBytes: 9,
  user: Buffer.from('bob'),
  acknowledged: [cursor],
  shown: [cursor, cursor],
};
const generation = { number: 3, isSealed: true, isDrained: false, isAutomatic: true, sealedAtMs: 1e12 };
const layout = { generations: [{ ...generation, salts: [1, 2 ** 31, 3] }] };
const sends = (opcode: number) => (reader: ByteReader) => {
  const frame = { flags: 0, sequence: 0, previous: 0, recipient: Buffer.alloc(0), count: 0, entriesAt: 0 };
  decodeSend(reader, opcode, frame);
  return { ...frame, recipient: frame.recipient.toString(), entriesAt: 0 };
};
const send = { flags: 0, sequence: 4, previous: 3, recipient: Buffer.from('bob') };

const VECTORS: readonly Vector[] = [
  [
    'HELLO',
    (out) => encodeHello(out, { versionMin: 2, versionMax: 3, device, user: Buffer.from('alice'), token: 'secret', cursors: [cursor] }),
    decodeHello,
  ],
  [
    'HELLO that reads shares',
    (out) =>
      encodeHello(out, { versionMin: 4, versionMax: 4, device, user: Buffer.from('alice'), token: '', cursors: [], reads: Reads.shares }),
    decodeHello,
  ],
  ['FETCH', (out) => encodeFetch(out, { share: 2, shares: 4, through: 7, login: 2 ** 51 }), decodeFetch],
  ['GENERATION', (out) => encodeGeneration(out, { pushed: 3, oldest: 2, newest: 5, isCaughtUp: true, login: 2 ** 51 }), decodeGeneration],
  [
    'WELCOME',
    (out) => encodeWelcome(out, { version: 2, serverTimeMs: 1e12, region: 'tokyo', awsRegion: 'ap-northeast-1', node: 'n' }),
    decodeWelcome,
  ],
  ['SEND', (out) => encodeSend(out, { ...send, messages: [Buffer.from('hello')] }), sends(Opcode.Send)],
  ['BATCH', (out) => encodeSend(out, { ...send, messages: [Buffer.from('a'), Buffer.alloc(0), Buffer.from('ccc')] }), sends(Opcode.Batch)],
  ['SENT', (out) => encodeSent(out, 7, 3, 2), decodeSent],
  ['DELIVER', (out) => encodeDeliver(out, { bucket: 0, position: 9, firstIndex: 1 }, envelope, 0, envelope.length), decodeDeliver],
  ['ACK', (out) => encodeAck(out, cursor), decodeCursor],
  ['READ', (out) => encodeRead(out, { device, sender: Buffer.from('alice'), sequences: [{ after: 1, through: 4 }] }), decodeRead],
  ['FAULT', (out) => encodeFault(out, { code: 'OVERLOADED', message: 'full', retryAfterMs: 5, sequence: 6, count: 1 }), decodeFault],
  ['GOAWAY', (out) => encodeGoaway(out, { reconnectAfterMs: 5, reason: 'leaving' }), decodeGoaway],
  ['PING', (out) => encodePing(out, 2 ** 52), decodePing],
  [
    'link HELLO',
    (out) => greeting.encodeLinkHello(out, { versionMin: 1, versionMax: 2, environment: 'e', region: 'r', node: 'n' }),
    greeting.decodeLinkHello,
  ],
  ['link WELCOME', (out) => greeting.encodeLinkWelcome(out, { version: 2, node: 'n', epoch: 3 }), greeting.decodeLinkWelcome],
  ['link REFUSE', (out) => greeting.encodeLinkRefuse(out, { wire: 3003, message: 'no', retryAfterMs: 1 }), greeting.decodeLinkRefuse],
  ['ATTACH', (out) => encodeAttach(out, attach), decodeAttach],
  [
    'REFUSED',
    (out) => encodeRefused(out, { correlation: 1, wire: 2002, retryAfterMs: 3, recipient: Buffer.from('bob'), message: 'm' }),
    decodeRefused,
  ],
  ['STATUS', (out) => encodeStatus(out, { query: 1, isOnline: true, lastSeenSeconds: 2 }), decodeStatus],
  ['READING_QUERY', (out) => encodeReadingQuery(out, { query: 1, loginStamp: 2 ** 51, user: Buffer.from('bob') }), decodeReadingQuery],
  [
    'READING',
    (out) => encodeReading(out, 0, { readStamp: 2 ** 50, layout }),
    (reader) => ({ query: reader.u32(), ...decodeReading(reader) }),
  ],
  ['UNDELIVERED', (out) => encodeUndelivered(out, { attachment: 1, bucket: 0, position: 5, tries: 3, reason: 'why' }), decodeUndelivered],
];

function frameOf(encode: Vector[1]): Buffer {
  const out = new ByteWriter();
  encode(out);
  return Buffer.from(out.take());
}

/** What a decoder makes of a body that is followed by bytes of somebody else. */
function outcome(body: Buffer, decode: Vector[2], follower: number): string {
  const buffer = Buffer.concat([body, Buffer.alloc(64, follower)]);
  try {
    return JSON.stringify(decode(new ByteReader().reset(buffer, 0, body.length)));
  } catch (error) {
    if (!(error instanceof IrisError)) throw error;
    return error.code;
  }
}

it.each(VECTORS)(
  '%s cut short at any byte is a coded error or a frame without its options, whatever stands behind it',
  (_name, encode, decode) => {
    const body = frameOf(encode).subarray(5);
    for (let cut = 0; cut <= body.length; cut++) {
      const prefix = body.subarray(0, cut);
      expect(outcome(prefix, decode, 0xff)).toBe(outcome(prefix, decode, 0x00));
    }
    expect(outcome(body, decode, 0)).toMatch(/^[{\d]/);
  },
);

it('all of them in one stream come out the same, wherever it is cut once, and byte by byte', () => {
  const frames = VECTORS.map(([, encode]) => frameOf(encode));
  const stream = Buffer.concat(frames);
  const bodies = frames.map((frame) => frame.subarray(4).toString('hex'));
  const read = (chunks: readonly Buffer[]): string[] => {
    const seen: string[] = [];
    const splitter = new FrameSplitter(FRAME_BYTES_MAX);
    const sink = { frame: (buffer: Buffer, start: number, end: number) => void seen.push(buffer.toString('hex', start, end)) };
    for (const chunk of chunks) splitter.push(Buffer.from(chunk), sink);
    return seen;
  };
  for (let cut = 0; cut <= stream.length; cut++) expect(read([stream.subarray(0, cut), stream.subarray(cut)])).toEqual(bodies);
  expect(read(Array.from(stream, (byte) => Buffer.of(byte)))).toEqual(bodies);
});
