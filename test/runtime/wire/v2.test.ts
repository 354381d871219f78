/** P1, X16, A6: the v2 codec keeps what it is given, skips what it does not know, and never reads past a frame. */
import fc from 'fast-check';
import { IrisError } from '../../../runtime/contract/errors.ts';
import { ByteReader } from '../../../runtime/wire/byte-reader.ts';
import { ByteWriter } from '../../../runtime/wire/byte-writer.ts';
import { writeEnvelope } from '../../../runtime/wire/envelope.ts';
import { decodeDeliver, encodeDeliver } from '../../../runtime/wire/v2/deliver.ts';
import { decodeFault, encodeFault } from '../../../runtime/wire/v2/fault.ts';
import { decodeGoaway, encodeGoaway } from '../../../runtime/wire/v2/goaway.ts';
import { decodeHello, encodeHello, type HelloFrame, Reads } from '../../../runtime/wire/v2/hello.ts';
import { decodePing, encodePing } from '../../../runtime/wire/v2/ping.ts';
import { decodeSend, encodeSend, SEND_RETRY, SEND_STATUS_WANTED, type SendFrame } from '../../../runtime/wire/v2/send.ts';
import { decodeSent, encodeSent } from '../../../runtime/wire/v2/sent.ts';
import { decodeWelcome, encodeWelcome } from '../../../runtime/wire/v2/welcome.ts';

const bytes = (max: number) => fc.uint8Array({ minLength: 1, maxLength: max }).map((value) => Buffer.from(value));
const position = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const cursor = fc.record({ bucket: fc.nat(), position, index: fc.nat({ max: 999 }) });
const frameOf = (encode: (out: ByteWriter) => void) => {
  const out = new ByteWriter(1);
  encode(out);
  return out.take();
};
const readerOf = (frame: Buffer) => new ByteReader().reset(frame, 5, frame.length);
const emptySend = (): SendFrame => ({ flags: 0, sequence: 0, previous: 0, recipient: Buffer.alloc(0), count: 0, entriesAt: 0 });

const hello: fc.Arbitrary<HelloFrame> = fc.record({
  versionMin: fc.nat({ max: 255 }),
  versionMax: fc.nat({ max: 255 }),
  device: fc.uint8Array({ minLength: 8, maxLength: 8 }).map((value) => Buffer.from(value)),
  user: bytes(256),
  token: fc.string({ unit: 'grapheme', maxLength: 200 }),
  cursors: fc.array(cursor, { maxLength: 5 }),
  reads: fc.constantFrom(...Object.values(Reads)),
});

it('reads back every HELLO it writes', () => {
  fc.assert(fc.property(hello, (frame) => expect(decodeHello(readerOf(frameOf((out) => encodeHello(out, frame))))).toEqual(frame)));
});

it('reads back WELCOME, SENT, FAULT, GOAWAY and PING', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 40 });
  fc.assert(
    fc.property(position, text, fc.nat({ max: 60_000 }), (number, name, small) => {
      const welcome = { version: 2, serverTimeMs: number, region: name, awsRegion: name, node: name };
      expect(decodeWelcome(readerOf(frameOf((out) => encodeWelcome(out, welcome))))).toEqual(welcome);
      expect(decodeSent(readerOf(frameOf((out) => encodeSent(out, number, small, 2))))).toEqual({
        sequence: number,
        count: small,
        durability: 2,
      });
      const goaway = { reconnectAfterMs: small, reason: name };
      expect(decodeGoaway(readerOf(frameOf((out) => encodeGoaway(out, goaway))))).toEqual(goaway);
      expect(decodePing(readerOf(frameOf((out) => encodePing(out, number))))).toBe(number);
      const fault = decodeFault(
        readerOf(
          frameOf((out) => encodeFault(out, { code: 'OVERLOADED', message: name, retryAfterMs: small, sequence: number, count: 1 })),
        ),
      );
      expect(fault).toEqual({ wire: 2002, retryAfterMs: small, sequence: number, count: 1, message: name });
    }),
  );
});

it('skips options of a newer release at the end of a frame', () => {
  const frame = Buffer.concat([frameOf((out) => encodeSent(out, 7, 1, 2)), Buffer.of(0x55, 0, 3, 1, 2, 3)]);
  expect(decodeSent(readerOf(frame))).toEqual({ sequence: 7, count: 1, durability: 2 });
  expect(() => decodeSent(readerOf(frame.subarray(0, frame.length - 1)))).toThrow(/frame ends/);
});

describe('SEND and BATCH', () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 100 }), { minLength: 1, maxLength: 50 });

  it('carry their messages untouched', () => {
    fc.assert(
      fc.property(messages, bytes(256), position, (bodies, recipient, sequence) => {
        const frame = frameOf((out) => encodeSend(out, { flags: 1, sequence, previous: 5, recipient, messages: bodies }));
        const read = emptySend();
        decodeSend(readerOf(frame), frame[4] as number, read);
        expect(read).toMatchObject({ flags: 1, sequence, previous: 5, recipient, count: bodies.length });
      }),
    );
  });

  it('fail beyond their limits, with the value and the limit', () => {
    const send =
      (bodies: Uint8Array[], recipient = Buffer.from('bob')) =>
      () =>
        frameOf((out) => encodeSend(out, { flags: 0, sequence: 1, previous: 0, recipient, messages: bodies }));
    expect(send([Buffer.alloc(65_535)])).not.toThrow();
    expect(send([Buffer.alloc(65_536)])).toThrow(/message of 65536 bytes, limit is 65535/);
    expect(send(Array.from({ length: 1_000 }, () => Buffer.alloc(1)))).not.toThrow();
    expect(send(Array.from({ length: 1_001 }, () => Buffer.alloc(1)))).toThrow(/1001 messages in one batch, must be 1 to 1000/);
    expect(send(Array.from({ length: 17 }, () => Buffer.alloc(65_000)))).toThrow(/batch of 1105034 bytes, limit is 1048576/);
    expect(send([Buffer.alloc(1)], Buffer.alloc(257))).toThrow(/recipient of 257 bytes, limit is 256/);
    expect(send([])).toThrow(/0 messages/);
  });

  it('fail on a last message that is cut short', () => {
    const frame = frameOf((out) =>
      encodeSend(out, { flags: 0, sequence: 1, previous: 0, recipient: Buffer.from('bob'), messages: [Buffer.from('hello')] }),
    );
    expect(() => decodeSend(readerOf(frame.subarray(0, frame.length - 1)), 2, emptySend())).toThrow(/cut short/);
  });
});

it('DELIVER shows sender, stamp, place and messages of the stored envelope', () => {
  const entries = Buffer.from('000161000262630000', 'hex');
  const envelope = frameOf((out) =>
    writeEnvelope(
      out,
      {
        flags: SEND_STATUS_WANTED | SEND_RETRY,
        count: 3,
        stamp: 1_700_000_000_000 * 1024,
        sequence: 9,
        previous: 4,
        device: Buffer.alloc(8),
        sender: Buffer.from('alice'),
        recipient: Buffer.from('bob'),
      },
      entries,
      0,
      entries.length,
    ),
  );
  const frame = frameOf((out) => encodeDeliver(out, { bucket: 3, position: 2 ** 45, firstIndex: 1 }, envelope, 0, envelope.length));
  const read = decodeDeliver(readerOf(frame));
  expect(read).toMatchObject({ bucket: 3, position: 2 ** 45, firstIndex: 1, count: 3, sender: 'alice' });
  expect(read).toMatchObject({ isStatusWanted: true, device: Buffer.alloc(8), sequence: 9, previous: 4 });
  expect(read.messages.map(String)).toEqual(['a', 'bc', '']);
});

it('turns any noise into a coded error or a frame, never another exception', () => {
  const decoders = [
    decodeHello,
    decodeWelcome,
    decodeSent,
    decodeFault,
    decodeGoaway,
    decodePing,
    decodeDeliver,
    (reader: ByteReader) => decodeSend(reader, 3, emptySend()),
  ];
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat({ max: decoders.length - 1 }), (noise, which) => {
      const buffer = Buffer.from(noise);
      try {
        decoders[which]?.(new ByteReader().reset(buffer, 0, buffer.length));
      } catch (error) {
        expect(error).toBeInstanceOf(IrisError);
      }
    }),
    { numRuns: 2_000 },
  );
});
