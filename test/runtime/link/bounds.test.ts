/** L8, A6: names, reasons, rows and holes in frames between nodes, at their bounds and one beyond; what a pool remembers of statuses. */
import * as limits from '../../../runtime/contract/limits.ts';
import { ByteReader } from '../../../runtime/wire/byte-reader.ts';
import { ByteWriter } from '../../../runtime/wire/byte-writer.ts';
import { decodeMarks, encodeMarks } from '../../../runtime/wire/link/buckets.ts';
import { decodeHandover, decodePull, encodeHandover, encodePull } from '../../../runtime/wire/link/handover.ts';
import { decodeLinkHello, encodeLinkHello } from '../../../runtime/wire/link/hello.ts';
import { decodeUndelivered, encodeUndelivered } from '../../../runtime/wire/link/undelivered.ts';
import { decodeFault, encodeFault } from '../../../runtime/wire/v2/fault.ts';
import { ADDRESS, LinkUnderTest } from './link-under-test.ts';

/** What `decode` makes of the frame behind its length and opcode. */
function through<T>(encode: (out: ByteWriter) => void, decode: (reader: ByteReader) => T): () => T {
  return () => {
    const out = new ByteWriter(65_536);
    encode(out);
    const frame = out.take();
    return decode(new ByteReader().reset(frame, 5, frame.length));
  };
}

const tooLarge = expect.objectContaining({ code: 'FRAME_TOO_LARGE' }) as Error;

it('a greeting’s texts end at TEXT_MAX bytes', () => {
  const greeting = (bytes: number) =>
    through(
      (out) => encodeLinkHello(out, { versionMin: 1, versionMax: 3, environment: 'x'.repeat(bytes), region: 'tokyo', node: 'n' }),
      decodeLinkHello,
    );
  expect(greeting(255)().environment).toHaveLength(255);
  expect(greeting(256)).toThrow(tooLarge);
});

it('long words of refusals and reasons are cut short before they travel, whatever their characters: MESSAGE_MAX, REASON_BYTES_MAX', () => {
  for (const letter of ['x', 'ü', '界', '😀']) {
    const message = letter.repeat(5_000);
    const fault = through((out) => encodeFault(out, { code: 'OVERLOADED', message }), decodeFault)();
    const reason = through(
      (out) => encodeUndelivered(out, { attachment: 1, bucket: 0, position: 9, tries: 3, reason: message }),
      decodeUndelivered,
    )().reason;
    expect([fault.message.length, reason.length]).toEqual([1_024, 256]);
  }
});

describe('a move of users', () => {
  const held = { kind: 'held', isLast: true, nextPosition: 9, lastSeenSeconds: 0, users: [], rows: [], marks: [], records: [] } as const;
  const request = { version: 2, kind: 'user', group: 'tokyo-0', user: Buffer.alloc(0), after: 0, marks: 0 } as const;
  const key = (bytes: number) => [{ key: 'k'.repeat(bytes), mark: { high: 1, holes: [] } }];
  const keyBytesMax = 13 + limits.USER_BYTES_MAX + limits.INBOX_NAME_BYTES_MAX;

  it('knows the buckets of the longest user names too, and their rows: INBOX_NAME_BYTES_MAX, KEY_BYTES_MAX', () => {
    const longest = Buffer.alloc(limits.INBOX_NAME_BYTES_MAX, 0x78);
    expect(through((out) => encodePull(out, 7, { ...request, user: longest }), decodePull)().request.user).toEqual(longest);
    const answer = through((out) => encodeHandover(out, 7, { ...held, users: [longest], marks: key(keyBytesMax) }), decodeHandover)()
      .answer;
    expect([answer.users, answer.marks[0]?.key.length]).toEqual([[longest], keyBytesMax]);
  });

  it.each([
    [
      'a group of more than GROUP_BYTES_MAX bytes',
      through((out) => encodePull(out, 7, { ...request, group: 'g'.repeat(256) }), decodePull),
    ],
    ['an inbox’s name beyond its bound', through((out) => encodePull(out, 7, { ...request, user: Buffer.alloc(281) }), decodePull)],
    [
      'a row of more than KEY_BYTES_MAX bytes',
      through((out) => encodeHandover(out, 7, { ...held, marks: key(keyBytesMax + 1) }), decodeHandover),
    ],
  ])('refuses %s', (_, decoded) => {
    expect(decoded).toThrow(tooLarge);
  });
});

it('a row of sequences has HOLES_MAX holes in an answer between owners; one that says more is refused, not misread', () => {
  const holes = Array.from({ length: 4_096 }, (_, i) => ({ from: 2 * i, to: 2 * i + 1 }));
  const decoded = through(
    (out) =>
      encodeMarks(out, 7, [
        { high: 9_000, holes },
        { high: 5, holes: [] },
      ]),
    (reader) => {
      reader.u32();
      return decodeMarks(reader);
    },
  )();
  expect([decoded?.[0]?.holes.length, decoded?.[1]]).toEqual([4_096, { high: 5, holes: [] }]);
  const more = new ByteWriter(64);
  more.u16(1);
  more.u64(9_000);
  more.u16(4_097);
  const frame = more.take();
  expect(() => decodeMarks(new ByteReader().reset(frame, 0, frame.length))).toThrow('4097 holes in one row, limit is 4096');
});

it('a pool remembers the statuses of STATUS_CACHE_MAX users; then it asks anew, and one is enough for whoever asks at a time', async () => {
  const link = await LinkUnderTest.start();
  let questions = 0;
  const status = link.core.inboxes.status.bind(link.core.inboxes);
  link.core.inboxes.status = (user) => {
    questions++;
    return status(user);
  };
  const ask = (user: number) => link.pool.status(ADDRESS, Buffer.from(`user-${user}`));
  const first = Array.from({ length: limits.STATUS_CACHE_MAX }, (_, user) => ask(user));
  expect(ask(0)).toBe(first[0]);
  await link.advance(100);
  expect(questions).toBe(limits.STATUS_CACHE_MAX);
  void ask(limits.STATUS_CACHE_MAX);
  expect(ask(0)).not.toBe(first[0]);
  await link.advance(100);
  expect(questions).toBe(limits.STATUS_CACHE_MAX + 2);
  link.pool.close();
});
