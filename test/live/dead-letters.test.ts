/**
 * F14, X3: an envelope that no session can open reaches an inbox over a link, past every check of the edge. It is tried three times and set
 * aside with its reason; its reader gets what stands behind it, nobody else notices, and the list survives kill -9.
 */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { HANDLER_TRIES_MAX } from '../../runtime/contract/limits.ts';
import { ENVELOPE_CONTROL, writeEnvelope } from '../../runtime/wire/envelope.ts';
import { beginAppend } from '../../runtime/wire/link/append.ts';
import { encodeLinkHello } from '../../runtime/wire/link/hello.ts';
import { LinkOpcode } from '../../runtime/wire/link/opcodes.ts';
import { until } from '../servers/node-pair.ts';
import { RawSocket } from '../servers/raw-socket.ts';
import { V1Client } from '../servers/v1-client.ts';
import { framed, V2Client } from '../servers/v2-client.ts';
import { LiveFleet } from './live-fleet.ts';
import { report } from './traffic.ts';

const [EDGE, CORE] = ['tokyo-edge-0', 'tokyo-core-0'] as const;
let fleet: LiveFleet;

beforeAll(async () => {
  fleet = await LiveFleet.start({ regions: { tokyo: { edges: 1, cores: 1 } } });
}, 60_000);
afterAll(() => fleet?.stop());

const MALLORY = { flags: 0, count: 1, stamp: 1, sequence: 1, previous: 0, device: Buffer.alloc(8, 9), sender: Buffer.from('mallory') };
const CUT_SHORT = Buffer.of(0, 200, 0x61);

/** A node of this environment whose envelopes nobody has checked. */
async function brokenNode(): Promise<RawSocket> {
  const link = await RawSocket.open(fleet.process(CORE).listen['link'] as string);
  const greeting = { versionMin: 1, versionMax: 2, environment: 'live', region: 'tokyo', node: 'broken-edge' };
  link.write(framed((out) => encodeLinkHello(out, greeting)));
  return link;
}

function append(link: RawSocket, correlation: number, envelope: Buffer): void {
  link.write(
    framed((out) => {
      const mark = beginAppend(out, 0, correlation, 1);
      out.bytes(envelope);
      out.endFrame(mark);
    }),
  );
}

function envelopeTo(recipient: string, entries: Buffer): Buffer {
  return framed((out) => writeEnvelope(out, { ...MALLORY, recipient: Buffer.from(recipient) }, entries, 0, entries.length));
}

/** Appends an envelope whose only message is cut short. */
async function poison(recipient: string): Promise<void> {
  const link = await brokenNode();
  append(link, 0, envelopeTo(recipient, CUT_SHORT));
  await until(() => framesIn(link.received, LinkOpcode.Appended) === 1, 'the damaged envelope is durable');
  link.end();
}

function framesIn(bytes: Buffer, opcode: number): number {
  let count = 0;
  for (let at = 0; at + 5 <= bytes.length; at += 4 + bytes.readUInt32BE(at)) if (bytes[at + 4] === opcode) count++;
  return count;
}

async function deadLetters(): Promise<object[]> {
  return (JSON.parse((await fleet.admin(CORE, '/dead-letters')).body) as { deadLetters: object[] }).deadLetters;
}

it('sets a message aside that kills its handler, for readers of both protocols, and everything else moves on (F14)', async () => {
  const address = fleet.address(EDGE);
  const speaker = await V1Client.logIn(address, 'speaker');
  const old = await V1Client.logIn(address, 'old');
  const young = await V2Client.logIn(address, 'young');
  const bystander = await V2Client.logIn(address, 'bystander');
  for (const user of ['old', 'young']) {
    speaker.send(user, 'before');
    await speaker.handled();
    await poison(user);
    speaker.send(user, 'behind');
  }
  let bystandersMs = 0;
  for (let i = 0; i < 20; i++) {
    const sentMs = performance.now();
    speaker.send('bystander', `${i}`);
    expect(String((await bystander.deliver()).messages[0])).toBe(`${i}`);
    bystandersMs = Math.max(bystandersMs, performance.now() - sentMs);
  }
  expect((await old.messages(2)).map(({ body }) => body)).toEqual(['before', 'behind']);
  expect([String((await young.deliver()).messages[0]), String((await young.deliver()).messages[0])]).toEqual(['before', 'behind']);
  const letters = await deadLetters();
  const common = { from: 'inbox', sender: 'mallory', tries: HANDLER_TRIES_MAX, reason: expect.stringMatching(/holds damaged ones/) };
  expect(letters).toEqual(['old', 'young'].map((recipient) => expect.objectContaining({ ...common, recipient })));
  expect(await fleet.metric(CORE, 'iris_dead_letters')).toBe(2);
  await fleet.process(CORE).kill();
  await fleet.startNode(CORE);
  expect((await deadLetters()).length).toBe(2);
  expect(new Set(await deadLetters())).toEqual(new Set(letters));
  report(
    `F14: 2 of 2 damaged messages set aside after ${HANDLER_TRIES_MAX} tries each, what stood behind them delivered, a bystander waited ${bystandersMs.toFixed(0)} ms at most`,
  );
  // A fresh login does not meet it again.
  old.end();
  const again = await V1Client.logIn(address, 'old');
  expect((await again.messages(2)).map(({ body }) => body)).toEqual(['before', 'behind']);
}, 60_000);

interface Letter {
  readonly position: number;
  readonly recipient: string;
}

async function iris(...flags: string[]): Promise<string> {
  const access = ['--admin', fleet.process(CORE).listen['admin'] as string, '--token-file', fleet.tokenPath];
  const command = [resolve(__dirname, '../../bin/iris.js'), 'dead-letters', ...flags, ...access];
  return (await promisify(execFile)(process.execPath, command)).stdout.trim();
}

it('sends a dead letter again and gives one up, and the core has none left (X3)', async () => {
  const listed = (await deadLetters()) as Letter[];
  const text = await iris();
  for (const { position, recipient } of listed) expect(text).toMatch(new RegExp(`${position} .*mallory +${recipient} `));
  const [old, young] = ['old', 'young'].map((user) => listed.find(({ recipient }) => recipient === user)!.position);
  const reader = await V2Client.logIn(fleet.address(EDGE), 'young');
  expect(await iris('--retry', '--position', `${young}`)).toBe('1 sent again');
  // Its handler is not mended: it fails again, and is set aside at its new place.
  await until(
    async () => ((await deadLetters()) as Letter[]).some(({ position, recipient }) => recipient === 'young' && position > young!),
    'the message fails once more',
  );
  expect(await iris('--discard', '--position', `${old}`)).toBe('1 given up');
  expect(await iris('--discard', '--all')).toBe('1 given up');
  expect(await iris()).toBe('no message is set aside');
  await until(async () => (await fleet.metric(CORE, 'iris_dead_letters')) === 0, 'nothing is set aside');
  reader.end();
}, 60_000);

it('an append that its owner cannot read is refused, and the link goes on', async () => {
  const link = await brokenNode();
  const good = envelopeTo('someone', Buffer.from('000161', 'hex'));
  const otherVersion = Buffer.concat([Buffer.of(99), good.subarray(1)]);
  const damagedStatus = envelopeTo('someone', CUT_SHORT);
  damagedStatus[1] = ENVELOPE_CONTROL;
  for (const [i, envelope] of [otherVersion, good.subarray(0, 20), damagedStatus, good].entries()) append(link, i, envelope);
  await until(() => framesIn(link.received, LinkOpcode.Appended) === 1, 'the good one is durable');
  expect([framesIn(link.received, LinkOpcode.Refused), link.isClosed]).toEqual([3, false]);
  link.end();
});
