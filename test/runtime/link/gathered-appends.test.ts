/** L1-L4, X16: what stands together in a burst travels as one frame, and means what its appends mean one by one. */
import fc from 'fast-check';
import { APPENDS_BYTES_MAX } from '../../../runtime/contract/limits.ts';
import { AppendFrames } from '../../../runtime/link/append-frames.ts';
import { LinkAppends } from '../../../runtime/link/link-appends.ts';
import { LinkClient } from '../../../runtime/link/link-client.ts';
import { OwnerAddresses } from '../../../runtime/link/owner-addresses.ts';
import type { Connection } from '../../../runtime/ports/transport.ts';
import { ByteReader } from '../../../runtime/wire/byte-reader.ts';
import { ByteWriter } from '../../../runtime/wire/byte-writer.ts';
import { ENVELOPE_BYTES_MAX } from '../../../runtime/wire/envelope.ts';
import { FrameSplitter } from '../../../runtime/wire/frame-splitter.ts';
import { AppendReader, decodeRefused } from '../../../runtime/wire/link/append.ts';
import { encodeLinkWelcome } from '../../../runtime/wire/link/hello.ts';
import { LinkOpcode } from '../../../runtime/wire/link/opcodes.ts';
import { SEND_FRESH, SEND_RETRY } from '../../../runtime/wire/v2/send.ts';
import { envelopeOf } from '../../fakes/envelopes.ts';
import { CoreUnderTest } from '../inbox/core-under-test.ts';
import { LinkUnderTest, TestPublisher } from './link-under-test.ts';

interface Append {
  readonly flags: number;
  readonly publisherId: number;
  readonly envelope: Buffer;
}

/** Frames as an edge writes them, gathered or one by one. */
function written(appends: readonly Append[], isGathering: boolean): Buffer {
  const frames = new AppendFrames();
  frames.isGathering = isGathering;
  const out = new ByteWriter(64);
  appends.forEach(({ flags, publisherId, envelope }, correlation) => {
    frames.begin(out, { flags, correlation, publisherId }, envelope.length);
    out.bytes(envelope);
    frames.end(out);
  });
  return out.take();
}

/** A core that is fed a stream of frames in pieces, and what it answers. */
class Fed {
  readonly core: CoreUnderTest;
  private readonly out = new ByteWriter(64);
  private readonly appends: LinkAppends;
  private readonly splitter = new FrameSplitter(ENVELOPE_BYTES_MAX + 64);

  constructor(core: CoreUnderTest) {
    this.core = core;
    this.appends = new LinkAppends({
      owner: core.inboxes,
      log: core.telemetry.log,
      peer: 'edge',
      writer: () => this.out,
      laidOut() {},
      cut() {},
    });
  }

  feed(bytes: Buffer, pieces: readonly number[]): void {
    let at = 0;
    for (let i = 0; at < bytes.length; i++) {
      const end = Math.min(bytes.length, at + (pieces[i % pieces.length] as number));
      this.splitter.push(bytes.subarray(at, end), { frame: (buffer, start, stop) => this.appends.take(buffer, start, stop) });
      at = end;
    }
  }

  /** What was said of each correlation; and in how many frames. */
  answers(): { frames: number; outcomes: Map<number, string> } {
    const outcomes = new Map<number, string>();
    let frames = 0;
    new FrameSplitter(1_000_000).push(this.out.take(), {
      frame(buffer, start, end) {
        const reader = new ByteReader().reset(buffer, start, end);
        const isRefused = reader.u8() === LinkOpcode.Refused;
        frames++;
        if (isRefused) {
          const { correlation, wire } = decodeRefused(reader);
          outcomes.set(correlation, `refused ${wire}`);
          return;
        }
        const [first, count, durability] = [reader.u32(), reader.u32(), reader.u8()];
        for (let i = 0; i < count; i++) outcomes.set(first + i, `durable ${durability}`);
      },
    });
    return { frames, outcomes };
  }
}

const RECIPIENTS = ['bob', 'carol', 'dora'];
const damaged = Buffer.from(envelopeOf({}).fill(9, 0, 1));
const append: fc.Arbitrary<Append> = fc
  .record({
    publisherId: fc.integer({ min: 1, max: 2 }),
    flags: fc.constantFrom(0, 0, 0, SEND_RETRY, SEND_FRESH),
    recipient: fc.constantFrom(...RECIPIENTS),
    sequence: fc.integer({ min: 1, max: 12 }),
    gap: fc.integer({ min: 0, max: 2 }),
    bodies: fc.array(fc.string({ maxLength: 40 }), { minLength: 1, maxLength: 3 }),
    isDamaged: fc.constantFrom(...Array<boolean>(19).fill(false), true),
  })
  .map(({ publisherId, flags, recipient, sequence, gap, bodies, isDamaged }) => {
    const previous = Math.max(0, sequence - 1 - gap);
    const sender = `s${publisherId}`;
    return { publisherId, flags, envelope: isDamaged ? damaged : envelopeOf({ sender, recipient, sequence, previous, bodies }) };
  });
const pieces = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 8 });

it('a burst is answered, stored and ordered as its appends one by one, wherever the stream is cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(append, { minLength: 1, maxLength: 30 }), { maxLength: 4 }),
      pieces,
      fc.nat({ max: 2 }),
      async (bursts, cuts, failing) => {
        const [gathered, single] = [new Fed(await CoreUnderTest.start()), new Fed(await CoreUnderTest.start())];
        for (const [i, burst] of bursts.entries()) {
          for (const fed of [gathered, single]) {
            fed.core.disk.failing.commits = i === 1 ? failing : 0;
            fed.feed(written(burst, fed === gathered), cuts);
            await fed.core.clock.advance(1_000);
          }
          const [one, many] = [gathered.answers(), single.answers()];
          expect(one).toEqual(many);
          expect(one.outcomes.size).toBe(burst.length);
        }
        for (const fed of [gathered, single]) await fed.core.settle();
        for (const recipient of RECIPIENTS) expect(gathered.core.stored(recipient)).toEqual(single.core.stored(recipient));
        expect([...gathered.core.disk.marks.keys()]).toEqual([...single.core.disk.marks.keys()]);
      },
    ),
    { numRuns: 60 },
  );
}, 60_000);

it('is one frame for many senders and recipients, and its answer is one', async () => {
  const appends = Array.from({ length: 100 }, (_, i) => ({
    flags: 0,
    publisherId: 1 + (i % 5),
    envelope: envelopeOf({ sender: `s${i % 5}`, recipient: `r${i}`, sequence: i + 1 }),
  }));
  const bytes = written(appends, true);
  expect(bytes.readUInt32BE(0)).toBe(bytes.length - 4);
  const fed = new Fed(await CoreUnderTest.start());
  fed.feed(bytes, [bytes.length]);
  await fed.core.settle();
  expect(fed.answers()).toMatchObject({ frames: 1, outcomes: new Map(appends.map((_, i) => [i, 'durable 2'])) });
});

it('ends a frame before it grows past APPENDS_BYTES_MAX, and takes what is larger alone', () => {
  const sizes = [30_000, 30_000, 30_000, 200_000, 10];
  const appends = sizes.map((size) => ({
    flags: 0,
    publisherId: 1,
    envelope: envelopeOf({ bodies: Array(Math.ceil(size / 10_000)).fill('x'.repeat(Math.min(size, 10_000))) }),
  }));
  const lengths: number[] = [];
  new FrameSplitter(ENVELOPE_BYTES_MAX + 64).push(written(appends, true), { frame: (_buffer, start, end) => lengths.push(end - start) });
  expect(lengths.map((length) => length > APPENDS_BYTES_MAX)).toEqual([false, false, true, false]);
});

it('refuses a frame whose item is longer than itself', () => {
  const bytes = written([{ flags: 0, publisherId: 1, envelope: envelopeOf({}) }], true);
  const appendsUpTo = (end: number) => {
    const reader = new AppendReader().reset(bytes, 4, end);
    let count = 0;
    while (reader.next()) count++;
    return count;
  };
  const items = 9;
  expect([appendsUpTo(items), appendsUpTo(bytes.length)]).toEqual([0, 1]);
  for (let end = 5; end < bytes.length; end++) if (end !== items) expect(() => appendsUpTo(end)).toThrow('past its frame');
});

/** An owner of some version that takes everything and answers nothing. */
class SilentOwner {
  connection: Connection | undefined;
  readonly opcodes: number[] = [];
  readonly flags: number[] = [];
  private readonly splitter = new FrameSplitter(ENVELOPE_BYTES_MAX + 64);

  received(chunk: Buffer): void {
    this.splitter.push(chunk, {
      frame: (buffer, start, end) => {
        const reader = new AppendReader().reset(buffer, start, end);
        this.opcodes.push(buffer[start] as number);
        while (reader.next()) this.flags.push(reader.flags);
      },
    });
  }
  drained(): void {}
  closed(): void {}

  welcome(version: number): void {
    const out = new ByteWriter(64);
    encodeLinkWelcome(out, { version, node: 'osaka-core-0', epoch: 0 });
    this.connection?.write(out.take());
  }
}

it('an owner of version 2 gets appends one by one, also those that were gathered for another (X16)', async () => {
  const link = await LinkUnderTest.start();
  const owners: SilentOwner[] = [];
  await link.transport.listen({ host: '10.0.0.2', port: 7_400 }, (connection) => {
    const owner = new SilentOwner();
    owner.connection = connection;
    owners.push(owner);
    return owner;
  });
  const client = new LinkClient(
    { ...link.parts, moved() {}, watchMoved() {} },
    '10.0.0.2:7400',
    new OwnerAddresses(() => ['10.0.0.2:7400']),
  );
  const publisher = new TestPublisher();
  const forward = (token: number) => client.forward(publisher, { flags: 0, token, envelope: envelopeOf({ recipient: `r${token}` }) });
  const appended = (owner: SilentOwner | undefined) =>
    owner?.opcodes.filter((opcode) => opcode === LinkOpcode.Append || opcode === LinkOpcode.Appends);
  await link.advance(10);
  owners[0]?.welcome(3);
  await link.advance(10);
  for (const token of [1, 2, 3]) forward(token);
  await link.advance(1);
  expect(appended(owners[0])).toEqual([LinkOpcode.Appends]);
  link.transport.cut();
  await link.advance(500);
  owners.at(-1)?.welcome(2);
  await link.advance(1);
  for (const token of [4, 5]) forward(token);
  await link.advance(10);
  expect(appended(owners.at(-1))).toEqual(Array(5).fill(LinkOpcode.Append));
  expect(owners.at(-1)?.flags).toEqual([SEND_RETRY, SEND_RETRY, SEND_RETRY, 0, 0]);
});
