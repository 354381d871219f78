/** P7, A1, A2, L3: a further connection reads the share of the buckets that it asks for, as the user’s home knows them, and nothing else. */
import { bucketName, bucketNumber } from '../../../runtime/contract/bucket-name.ts';
import type { Generation } from '../../../runtime/contract/layout.ts';
import { BUCKET_QUERY_RETRY_MS, FETCH_WAIT_MS } from '../../../runtime/contract/limits.ts';
import { ByteReader } from '../../../runtime/wire/byte-reader.ts';
import { encodeAck } from '../../../runtime/wire/v2/ack.ts';
import { decodeFault } from '../../../runtime/wire/v2/fault.ts';
import { encodeFetch, type FetchFrame } from '../../../runtime/wire/v2/fetch.ts';
import { decodeGeneration } from '../../../runtime/wire/v2/generation.ts';
import { type HelloFrame, Reads } from '../../../runtime/wire/v2/hello.ts';
import { Opcode } from '../../../runtime/wire/v2/opcodes.ts';
import { envelopeOf } from '../../fakes/envelopes.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import { framed, hello } from '../../servers/v2-client.ts';
import { SessionUnderTest } from './session-under-test.ts';

const generation = (number: number, buckets: number, state: Partial<Generation> = {}): Generation => ({
  number,
  isSealed: false,
  isDrained: false,
  isAutomatic: false,
  sealedAtMs: 0,
  salts: Array.from({ length: buckets }, (_, i) => i + 1),
  ...state,
});

class Connected {
  readonly clock = new ManualClock();
  readonly session = new SessionUnderTest(this.clock);

  constructor(fields: Partial<HelloFrame> = {}) {
    const shares = { versionMin: 4, versionMax: 4, reads: Reads.shares };
    this.session.client.received(hello('bob', { ...shares, ...fields }));
  }

  async fetch(frame: Partial<FetchFrame> = {}): Promise<void> {
    this.session.client.received(framed((out) => encodeFetch(out, { share: 1, shares: 2, through: 1, login: 77, ...frame })));
    await this.clock.advance(5);
  }

  get buckets(): number[] {
    return this.session.attached.map(({ options }) => Number(/\.(\d+)\./.exec(options.user.toString('latin1'))?.[1] ?? -1));
  }

  frames(): { opcode: number; reader: ByteReader }[] {
    return this.session.frames().map((frame) => ({ opcode: frame[0] as number, reader: new ByteReader().reset(frame, 1, frame.length) }));
  }

  async fault(): Promise<string> {
    await this.clock.advance(5);
    const frame = this.frames().find(({ opcode }) => opcode === Opcode.Fault);
    return frame === undefined ? 'none' : decodeFault(frame.reader).message;
  }
}

it('reads nothing before FETCH, then every second bucket, with the stamp that the home gave the login', async () => {
  const bob = new Connected();
  await bob.clock.advance(5);
  expect(bob.session.attached).toEqual([]);
  bob.session.reading = {
    readStamp: 900,
    layout: { generations: [generation(0, 0, { isDrained: true, isSealed: true }), generation(1, 5)] },
  };
  await bob.fetch();
  expect(bob.buckets).toEqual([1, 3]);
  expect(bob.session.attached[0]?.options).toMatchObject({
    user: bucketName(Buffer.from('bob'), 1, 1, 2),
    loginStamp: 900,
    yieldsToLater: true,
  });
});

it('says GENERATION when all of its buckets have caught up and when they are over, and opens the next one when it is asked for', async () => {
  const bob = new Connected();
  const generations = [generation(1, 2, { isSealed: true }), generation(2, 4)];
  bob.session.reading = { readStamp: 900, layout: { generations } };
  await bob.fetch();
  const [only] = bob.session.attached;
  const envelope = envelopeOf({ stamp: 5 });
  only?.subscriber.pushed({ bucket: 0, position: 3, firstIndex: 0 }, envelope, 0, envelope.length);
  only?.subscriber.caughtUp(false);
  only?.subscriber.caughtUp(true);
  await bob.clock.advance(5);
  const frames = bob.frames();
  const said = frames.flatMap(({ opcode, reader }) => (opcode === Opcode.Generation ? [decodeGeneration(reader)] : []));
  expect(frames.map(({ opcode }) => opcode).indexOf(Opcode.Deliver)).toBeLessThan(
    frames.map(({ opcode }) => opcode).lastIndexOf(Opcode.Generation),
  );
  expect(said.at(-1)).toEqual({ pushed: 2, oldest: 1, newest: 2, isCaughtUp: false, login: 77 });
  expect(said.some(({ pushed, isCaughtUp }) => pushed === 1 && isCaughtUp)).toBe(true);
  expect(bob.buckets).toEqual([1]);
  await bob.fetch({ through: 2 });
  expect(bob.buckets).toEqual([1, 1, 3]);
  bob.session.client.received(framed((out) => encodeAck(out, { bucket: bucketNumber(1, 1), position: 3, index: 0 })));
});

it('opens a bucket from what was acknowledged before it was open (L2, L6)', async () => {
  const bob = new Connected({ cursors: [{ bucket: bucketNumber(1, 3), position: 4, index: 0 }] });
  const acknowledge = (generation: number, position: number) =>
    bob.session.client.received(framed((out) => encodeAck(out, { bucket: bucketNumber(generation, 1), position, index: 2 })));
  acknowledge(1, 7);
  bob.session.reading = { readStamp: 900, layout: { generations: [generation(1, 5), generation(2, 2)] } };
  await bob.fetch();
  acknowledge(2, 9);
  for (const { subscriber } of bob.session.attached) subscriber.caughtUp(true);
  await bob.fetch({ through: 2 });
  expect(bob.buckets).toEqual([1, 3, 1]);
  expect(bob.session.attached.map(({ options }) => options.cursors)).toEqual([
    [{ bucket: 0, position: 7, index: 2 }],
    [{ bucket: 0, position: 4, index: 0 }],
    [{ bucket: 0, position: 9, index: 2 }],
  ]);
});

it('asks the home again until it knows the login, and ends when another login reads the inbox', async () => {
  const bob = new Connected();
  await bob.fetch();
  bob.session.reading = 'other';
  await bob.clock.advance(FETCH_WAIT_MS - 1_000);
  expect([bob.session.attached, bob.session.connection.state]).toEqual([[], 'open']);
  await bob.clock.advance(2_000);
  expect([await bob.fault(), bob.session.connection.state]).toEqual(['another login reads the inbox', 'ended']);
});

it('asks the home no more often for a client that asks a hundred times (A8)', async () => {
  const bob = new Connected();
  for (let i = 0; i < 100; i++) await bob.fetch();
  const { questions } = bob.session;
  await bob.clock.advance(10 * BUCKET_QUERY_RETRY_MS);
  expect(bob.session.questions - questions).toBeLessThanOrEqual(10);
});

it.each<[string, Partial<FetchFrame>[], Partial<HelloFrame>, RegExp]>([
  ['another share than before', [{}, { share: 0 }], {}, /share 0 of 2 on a connection that reads 1 of 2/],
  ['a share that is none', [{ share: 2 }], {}, /share 2 of 2/],
  ['more shares than there may be', [{ shares: 17 }], {}, /1 of 17, must be/],
  ['on a connection that reads the whole inbox', [{}], { reads: Reads.all }, /HELLO did not say/],
])('ends a connection whose FETCH asks for %s', async (_what, frames, fields, message) => {
  const bob = new Connected(fields);
  for (const frame of frames) await bob.fetch(frame);
  expect(await bob.fault()).toMatch(message);
  expect(bob.session.connection.state).toBe('ended');
});

it('tells where the owner is of a release that shares no buckets', async () => {
  const bob = new Connected();
  bob.session.reading = 'unknown';
  await bob.fetch();
  expect(await bob.fault()).toMatch(/read it over one connection/);
});

it('takes no login for shares from a client that speaks no version with FETCH', async () => {
  const bob = new Connected({ versionMin: 2, versionMax: 3 });
  expect(await bob.fault()).toMatch(/speaks version 4, not 3/);
  expect(bob.session.attached).toEqual([]);
});
