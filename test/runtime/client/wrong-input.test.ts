/** L8: what an application gets wrong is refused to its face with a code; its connection, its other messages and its process stay. */
import { IrisClient } from '../../../runtime/client/iris-client.ts';
import type { Connection, ConnectionHandler } from '../../../runtime/ports/transport.ts';
import { Opcode } from '../../../runtime/wire/v2/opcodes.ts';
import { encodeWelcome } from '../../../runtime/wire/v2/welcome.ts';
import { fixedRandom, ManualClock } from '../../fakes/manual-clock.ts';
import { MemoryTransport } from '../../fakes/memory-transport.ts';
import { framed } from '../../servers/v2-client.ts';

const LONG = 'x'.repeat(257);
const HUGE = 'x'.repeat(70_000);
const addresses = ['10.0.0.1:7000'];

async function connected() {
  const clock = new ManualClock();
  const transport = new MemoryTransport(clock);
  const heard: Buffer[] = [];
  const welcome = { version: 6, serverTimeMs: 0, region: 'tokyo', awsRegion: '', node: 'tokyo-edge-0' };
  const answer = (connection: Connection): ConnectionHandler => ({
    received(chunk) {
      heard.push(chunk);
      if (chunk[4] === Opcode.Hello) connection.write(framed((out) => encodeWelcome(out, welcome)));
    },
    drained: () => undefined,
    closed: () => undefined,
  });
  await transport.listen({ host: '10.0.0.1', port: 7_000 }, answer);
  const connecting = IrisClient.connect({ addresses, user: 'alice' }, { transport, clock, random: fixedRandom() });
  await clock.advance(20);
  return { clock, heard, client: await connecting };
}

type Call = (client: IrisClient, name: string) => unknown;
const calls: [string, Call][] = [
  ['send', (client, name) => client.send(name, 'x')],
  ['best effort', (client, name) => client.send(name, 'x', { bestEffort: true })],
  ['typing', (client, name) => client.typing(name, true)],
  ['presenceOf', (client, name) => client.presenceOf(name)],
  ['watch', (client, name) => client.watch(['bob', name], () => undefined)],
  ['statusOf', (client, name) => client.statusOf({ to: name, sequence: 1, count: 1 })],
  ['reached', (client, name) => client.reached({ to: name, sequence: 1, count: 1 }, 'read')],
  ['setAudience', (client, name) => client.setAudience([name])],
];

it.each(calls)('%s refuses a name that no user can have, and writes nothing of it', async (_, call) => {
  const { clock, heard, client } = await connected();
  const before = heard.length;
  const names = ['', 'a\nb', LONG, HUGE];
  const codes = names.map(async (name) => {
    try {
      await call(client, name);
      return 'taken';
    } catch (error) {
      return (error as { code: string }).code;
    }
  });
  await clock.advance(1_000);
  expect(await Promise.all(codes)).toEqual(['NAME_INVALID', 'NAME_INVALID', 'FRAME_TOO_LARGE', 'FRAME_TOO_LARGE']);
  expect(heard.slice(before)).toEqual([]);
});

const signal = AbortSignal.abort();
it.each([
  ['no address', { addresses: [], user: 'a' }, 'CONNECTION_FAILED'],
  ['an address without a port', { addresses: ['10.0.0.1'], user: 'a' }, 'CONNECTION_FAILED'],
  ['a text for the list of addresses', { addresses: '10.0.0.1:7000' as never, user: 'a' }, 'CONNECTION_FAILED'],
  ['no user', { addresses, user: undefined as never }, 'NAME_INVALID'],
  ['an empty user', { addresses, user: '' }, 'NAME_INVALID'],
  ['a user of 70 KB', { addresses, user: HUGE }, 'FRAME_TOO_LARGE'],
  ['a token of 70 KB', { addresses, user: 'a', token: HUGE }, 'FRAME_TOO_LARGE'],
  ['17 connections', { addresses, user: 'a', connections: 17 }, 'COMMAND_INVALID'],
  ['no number for a time', { addresses, user: 'a', connectTimeoutMs: Number.NaN }, 'COMMAND_INVALID'],
  ['a time below 0', { addresses, user: 'a', sendTimeoutMs: -1 }, 'COMMAND_INVALID'],
  ['a signal that has aborted', { addresses, user: 'a', signal }, 'DRAINING'],
])('connect refuses %s before it opens anything', async (_, options, code) => {
  const clock = new ManualClock();
  const transport = new MemoryTransport(clock);
  await expect(IrisClient.connect(options, { transport, clock, random: fixedRandom() })).rejects.toMatchObject({ code });
  expect([clock.waiting, transport.connections]).toEqual([0, 0]);
});

it('listens no longer to a signal once it is closed', async () => {
  const controller = new AbortController();
  const added: string[] = [];
  const removed: string[] = [];
  const { signal: lasting } = controller;
  const spy = Object.assign(lasting, {
    addEventListener: (type: string) => void added.push(type),
    removeEventListener: (type: string) => void removed.push(type),
  });
  const clock = new ManualClock();
  const connecting = IrisClient.connect(
    { addresses, user: 'a', signal: spy, connectTimeoutMs: 100 },
    { transport: new MemoryTransport(clock), clock, random: fixedRandom() },
  ).catch(({ code }: { code: string }) => code);
  await clock.advance(500);
  expect([await connecting, added, removed, clock.waiting]).toEqual(['CONNECTION_FAILED', ['abort'], ['abort'], 0]);
});
