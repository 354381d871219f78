/** P1, N7: the original’s packets, as its bytes stand in protocol v1 §1.3 and §1.4. */
import { ByteWriter } from '../../../runtime/wire/byte-writer.ts';
import { readMessageId, writeMessageId } from '../../../runtime/wire/message-id.ts';
import {
  encodeErrorV1,
  encodeLoginOk,
  encodeNoPrekeys,
  encodeRateLimited,
  encodeReliable,
  encodeStatusV1,
} from '../../../runtime/wire/v1/encode.ts';
import { packetSpan } from '../../../runtime/wire/v1/packet.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const written = (write: (out: ByteWriter) => void) => {
  const out = new ByteWriter();
  write(out);
  return out.take().toString('hex');
};

describe('packetSpan', () => {
  it.each([
    ['login', '01 616c696365', 6],
    ['login before SEND', '01 616c696365 02 0003 626f62 0002 6869', 6],
    ['login before TYPING, whose opcode is printable', '01 616c696365 70 0003 626f62', 6],
    ['login before another login', '01 616c696365 01 626f62', 6],
    ['an empty name', '01', 1],
    ['send', '02 0003 626f62 0002 6869', 10],
    ['two acks in one read', `03 ${'00'.repeat(16)} 03 ${'00'.repeat(16)}`, 17],
    ['batch of two', '04 0003 626f62 00000006 0001 61 0001 62', 16],
    ['status', '05 0003 626f62', 6],
    ['send with a sequence', '07 0003 626f62 0000000000000001 0002 6869', 18],
    ['encrypted', '23 0003 626f62 0007 a2616201616102 00000001 ff', 20],
  ])('measures %s', (_, packet, bytes) => {
    expect(packetSpan(hex(packet), 0)).toEqual({ kind: 'whole', bytes });
  });

  it('waits for the rest of every packet that is cut short', () => {
    for (const packet of [
      '02 0003 626f62 0002 6869',
      '04 0003 626f62 00000006 0001 61 0001 62',
      `03 ${'11'.repeat(16)}`,
      '05 0003 626f62',
    ]) {
      const whole = hex(packet);
      for (let cut = 1; cut < whole.length; cut++) expect(packetSpan(whole.subarray(0, cut), 0)).toEqual({ kind: 'partial' });
    }
  });

  it('does not know opcodes that no client sends, nor fields beyond their limits', () => {
    for (const packet of ['00', '06 0001 61', '10 0001', '22', '24', '31', '34', '72', '75', 'f0', 'ff'])
      expect(packetSpan(hex(packet), 0)).toEqual({ kind: 'unknown' });
    expect(packetSpan(hex('02 0101'), 0)).toEqual({ kind: 'unknown' });
    expect(packetSpan(hex('04 0001 61 00100001'), 0)).toEqual({ kind: 'unknown' });
  });
});

it('answers with the original’s bytes', () => {
  expect(written(encodeLoginOk)).toBe('034c4f47494e5f4f4b');
  expect(written((out) => encodeStatusV1(out, Buffer.from('bob'), { isOnline: true, lastSeenSeconds: 5 }))).toBe(
    '060003626f62010000000000000000',
  );
  expect(written((out) => encodeStatusV1(out, Buffer.from('bob'), { isOnline: false, lastSeenSeconds: 0x65000000 }))).toBe(
    '060003626f62000000000065000000',
  );
  expect(written((out) => encodeErrorV1(out, 'group_service_unavailable'))).toBe(
    'fe001967726f75705f736572766963655f756e617661696c61626c65',
  );
  expect(written(encodeNoPrekeys)).toBe('2200000000');
  expect(written((out) => encodeRateLimited(out, 0))).toBe('ff0000000a');
  expect(written((out) => encodeRateLimited(out, 99_999_999))).toBe('ff0000ea60');
  expect(written((out) => encodeReliable(out, { bucket: 0, position: 1, index: 0 }, Buffer.from('xhix'), 1, 3))).toMatch(
    /^100010[0-9a-f]{32}000000026869$/,
  );
});

it('knows its own message ids from noise', () => {
  const id = Buffer.alloc(16);
  writeMessageId(id, 0, 7, 2 ** 50 + 3, 999);
  expect(readMessageId(id, 0)).toEqual({ bucket: 7, position: 2 ** 50 + 3, index: 999 });
  for (let bit = 0; bit < 128; bit++) {
    const bent = Buffer.from(id);
    bent[bit >> 3]! ^= 1 << (bit & 7);
    expect(readMessageId(bent, 0)).toBeUndefined();
  }
});
