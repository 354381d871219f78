/** D0 of L1, L7, X11, A23: what never touches a log, at the ports of real nodes of two regions: it comes now, or is refused visibly. */
import { rmSync } from 'node:fs';
import { type BestEffortMessage, IrisClient, type TypingSignal, type UserPresence } from '../../runtime/client/index.ts';
import { SESSION_WATCHES_MAX, SIGNALS_BURST_MAX } from '../../runtime/contract/limits.ts';
import { decodeEphemeral } from '../../runtime/wire/v2/ephemeral.ts';
import { Opcode } from '../../runtime/wire/v2/opcodes.ts';
import { SEND_BEST_EFFORT } from '../../runtime/wire/v2/send.ts';
import { runIris, startIris, temporaryFolder, writeDuo } from '../commands/run-iris.ts';
import { freePortRow } from '../infra/local/free-port-row.ts';
import { LocalFleet } from '../scenarios/local-fleet.ts';
import { until } from './node-pair.ts';
import { login, V1Client } from './v1-client.ts';
import { V2Client } from './v2-client.ts';

let folder: string;
let fleet: LocalFleet;
let north: string;
let south: string;
let users = 0;
const name = (prefix: string) => `${prefix}-${++users}`;
const connect = (address: string, user: string) => IrisClient.connect({ addresses: [address], user });
/** A v1 packet with one name. */
const named = (opcode: number, user: string) => Buffer.concat([Buffer.of(opcode, 0, user.length), Buffer.from(user)]);
const isOnline = (client: IrisClient, user: string) => until(async () => (await client.presenceOf(user)).isOnline, `${user} is online`);

beforeAll(async () => {
  folder = temporaryFolder();
  fleet = await LocalFleet.start(writeDuo(folder), await freePortRow());
  [north, south] = [fleet.edgesOf('north')[0] as string, fleet.edgesOf('south')[0] as string];
}, 60_000);

afterAll(async () => {
  await fleet.stop();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

it('a best-effort message reaches who is online in whatever region, in order, and is in no inbox', async () => {
  const bobName = name('bob');
  const [alice, bob] = [await connect(north, name('alice')), await connect(south, bobName)];
  const heard: BestEffortMessage[] = [];
  bob.onBestEffort((message) => heard.push(message));
  await isOnline(alice, bobName);
  const bodies = Array.from({ length: 50 }, (_, i) => `now ${i}`);
  const receipts = await Promise.all(bodies.map((body) => alice.send(bobName, body, { bestEffort: true })));
  expect(new Set(receipts.map(({ durability }) => durability))).toEqual(new Set(['D0']));
  await alice.send(bobName, 'stored');
  await until(() => heard.length === bodies.length, 'all have come');
  expect(heard.map(({ body }) => body.toString())).toEqual(bodies);
  for await (const message of bob.messages()) {
    expect(message.text()).toBe('stored');
    break;
  }
  await Promise.all([alice.close(), bob.close()]);
});

it('fails with NOT_DELIVERED for who is away, who cannot be shown it, and who reads too slowly', async () => {
  const [slowName, oldName] = [name('slow'), name('old')];
  const alice = await connect(north, name('alice'));
  await expect(alice.send(name('nobody'), 'x', { bestEffort: true })).rejects.toMatchObject({ code: 'NOT_DELIVERED' });
  const old = await V2Client.logIn(south, oldName);
  await isOnline(alice, oldName);
  await expect(alice.send(oldName, 'x', { bestEffort: true })).rejects.toMatchObject({ code: 'NOT_DELIVERED' });
  expect(await old.ping(1)).toBe(1);
  const slow = await V2Client.logIn(south, slowName, { versionMax: 3 });
  slow.raw.socket.pause();
  await isOnline(alice, slowName);
  let refused: unknown;
  for (let i = 0; i < 500 && refused === undefined; i++) {
    const body = Buffer.alloc(60_000, i);
    await alice.send(slowName, body, { bestEffort: true }).catch((error: unknown) => {
      refused = error;
    });
  }
  expect(refused).toMatchObject({ code: 'NOT_DELIVERED', message: 'the recipient does not keep up with its messages' });
  // A refusal stands in no order to what is stored (L3 has no fence for it).
  expect((await alice.send(slowName, 'stored')).durability).toBe('D2');
  for (const client of [old, slow]) client.end();
  await alice.close();
}, 60_000);

it('shows typing to who is online, over regions and protocols', async () => {
  const [aliceName, bobName, carolName] = [name('alice'), name('bob'), name('carol')];
  const [alice, bob] = [await connect(north, aliceName), await connect(south, bobName)];
  const carol = await V1Client.logIn(south, carolName);
  await carol.handled();
  const signals: TypingSignal[] = [];
  bob.onTyping((signal) => signals.push(signal));
  for (const user of [bobName, carolName]) await isOnline(alice, user);
  expect([alice.typing(bobName, true), alice.typing(bobName, false), alice.typing(carolName, true)]).toEqual([true, true, true]);
  await until(() => signals.length === 2, 'bob hears both');
  expect(signals).toEqual([true, false].map((isTyping) => ({ sender: aliceName, isTyping })));
  expect(await carol.raw.take(4 + aliceName.length)).toEqual(Buffer.concat([named(0x72, aliceName), Buffer.of(1)]));
  carol.raw.write(Buffer.concat([named(0x70, bobName), named(0x71, bobName)]));
  await until(() => signals.length === 4, 'bob hears carol');
  expect(signals.slice(2)).toEqual([true, false].map((isTyping) => ({ sender: carolName, isTyping })));
  await Promise.all([alice.close(), bob.close()]);
});

it('v1 clients at edges of two regions see typing and receipts, and best-effort messages that need no ACK', async () => {
  const [aliceName, bobName, eveName] = [name('alice'), name('bob'), name('eve')];
  const [alice, bob] = [await V1Client.logIn(north, aliceName), await V1Client.logIn(south, bobName)];
  for (const one of [alice, bob]) await one.handled();
  alice.send(bobName, 'seen?');
  const message = await bob.message();
  bob.ack(message);
  bob.raw.write(named(0x70, aliceName));
  expect(await alice.raw.take(4 + bobName.length)).toEqual(Buffer.concat([named(0x72, bobName), Buffer.of(1)]));
  bob.raw.write(Buffer.concat([Buffer.of(0x74, 0, 16), message.id, named(0, aliceName).subarray(1)]));
  const receipt = await alice.raw.take(19 + 2 + bobName.length + 8);
  expect(receipt.subarray(0, -8)).toEqual(Buffer.concat([Buffer.of(0x75, 0, 16), message.id, named(0, bobName).subarray(1)]));
  expect(Math.abs(Number(receipt.readBigUInt64BE(receipt.length - 8)) - Date.now())).toBeLessThan(60_000);
  const eve = await V2Client.logIn(north, eveName, { versionMax: 3 });
  eve.send(bobName, 1, ['one', 'two'], { flags: SEND_BEST_EFFORT });
  expect(await eve.sent()).toEqual({ sequence: 1, count: 2, durability: 0 });
  const shown = await bob.messages(2);
  expect(shown.map(({ body }) => body)).toEqual(['one', 'two']);
  for (const one of shown) bob.ack(one);
  bob.end();
  const again = await V1Client.open(south);
  again.raw.write(login(bobName));
  await again.loggedIn();
  await again.handled();
});

it('the receipt of a v1 reader is a status to a v2 sender who asked', async () => {
  const [alice, bobName] = [await connect(north, name('alice')), name('bob')];
  const bob = await V1Client.logIn(south, bobName);
  await bob.handled();
  const single = await alice.send(bobName, 'one', { status: true });
  const batch = await alice.sendBatch(bobName, ['two', 'three'], { status: true });
  const messages = await bob.messages(3);
  const receipt = ({ id }: { id: Buffer }) => Buffer.concat([Buffer.of(0x74, 0, 16), id, named(0, 'alice').subarray(1)]);
  for (const message of messages.slice(0, 2)) {
    bob.raw.write(receipt(message));
    bob.ack(message);
  }
  expect(await alice.reached(single, 'read')).toBe(true);
  expect(await alice.statusOf(batch)).toBe('sent');
  bob.ack(messages[2] as (typeof messages)[number]);
  expect(await alice.reached(batch, 'delivered')).toBe(true);
  bob.raw.write(receipt(messages[2] as (typeof messages)[number]));
  expect(await alice.reached(batch, 'read')).toBe(true);
  bob.end();
  await alice.close();
});

it('answers who is online to v2 clients, last seen when not, and limits what one session asks', async () => {
  const [bobName, client] = [name('bob'), await connect(north, name('alice'))];
  expect(await client.presenceOf(bobName)).toEqual({ isOnline: false, lastSeenMs: 0 });
  const bob = await connect(south, bobName);
  await isOnline(client, bobName);
  await bob.close();
  await until(async () => !(await client.presenceOf(bobName)).isOnline, 'bob has left');
  expect(Math.abs((await client.presenceOf(bobName)).lastSeenMs - Date.now())).toBeLessThan(60_000);
  const flood = await V2Client.logIn(north, name('flood'), { versionMax: 3 });
  const typing = Buffer.concat([Buffer.of(0, 0, 0, 7, Opcode.Typing, 1, 0, 3), Buffer.from('bob')]);
  flood.raw.write(Buffer.concat(Array.from({ length: SIGNALS_BURST_MAX + 100 }, () => typing)));
  expect((await flood.fault()).code).toBe('SIGNALS_LIMITED');
  flood.end();
  await client.close();
});

it('what is under way when the connection breaks is refused, never repeated', async () => {
  const [aliceName, bobName] = [name('alice'), name('bob')];
  const bob = await V2Client.logIn(south, bobName, { versionMax: 3 });
  const abort = new AbortController();
  const alice = await IrisClient.connect({ addresses: [north], user: aliceName, signal: abort.signal });
  await isOnline(alice, bobName);
  await alice.send(bobName, 'one', { bestEffort: true });
  expect(decodeEphemeral(await bob.expect(Opcode.Ephemeral))).toMatchObject({ sender: aliceName });
  const broken = expect(alice.send(bobName, 'two', { bestEffort: true })).rejects.toMatchObject({ code: 'NOT_DELIVERED' });
  abort.abort();
  await broken;
});

it('iris send --best-effort', async () => {
  const bobName = name('bob');
  const send = () => runIris(['send', '--as', name('alice'), '--to', bobName, '--best-effort', '--at', north, 'now or never']);
  const away = await send();
  expect([away.code, away.stderr]).toEqual([1, expect.stringMatching(/NOT_DELIVERED.*not online/)]);
  const listener = startIris(['listen', '--as', bobName, '--at', south]);
  await listener.line('stderr', /listens/);
  const shown = listener.line('stdout', /now or never \(best effort\)/);
  await until(async () => (await send()).code === 0, 'bob is there');
  expect(await shown).toMatch(/alice/);
  listener.child.kill('SIGINT');
  await listener.ended;
}, 60_000);

it('who watches hears the state at once, and each coming and leaving, in whatever region and by whatever protocol (R15)', async () => {
  const [bobName, carolName, watcherName] = [name('bob'), name('carol'), name('alice')];
  const [alice, eve] = [await connect(north, watcherName), await connect(south, name('eve'))];
  const heard: string[] = [];
  const line = ({ user, isOnline, lastSeenMs }: UserPresence) => `${user} ${isOnline ? 'on' : lastSeenMs === 0 ? 'never' : 'off'}`;
  const atSouth: string[] = [];
  const stop = alice.watch([bobName, carolName], (presence) => heard.push(line(presence)));
  eve.watch([bobName], (presence) => atSouth.push(line(presence)));
  await until(() => heard.length === 2 && atSouth.length === 1, 'both are told');
  expect(heard.toSorted()).toEqual([`${bobName} never`, `${carolName} never`]);
  const [bob, carol] = [await connect(south, bobName), await V1Client.logIn(north, carolName)];
  const startMs = performance.now();
  await until(() => heard.includes(`${bobName} on`) && heard.includes(`${carolName} on`), 'both have come');
  await until(() => atSouth.includes(`${bobName} on`), 'the other region hears it');
  process.stderr.write(`presence over regions after ${Math.round(performance.now() - startMs)} ms\n`);
  // The same user at another edge has not left (R12).
  const again = await connect(north, bobName);
  await bob.close();
  carol.end();
  await until(() => heard.includes(`${carolName} off`), 'carol has left');
  await again.close();
  await until(() => heard.includes(`${bobName} off`) && atSouth.includes(`${bobName} off`), 'bob has left');
  expect([heard.filter((one) => one.startsWith(bobName)), atSouth]).toEqual(
    Array.from({ length: 2 }, () => ['never', 'on', 'off'].map((state) => `${bobName} ${state}`)),
  );
  stop();
  const late: string[] = [];
  eve.watch([bobName], (presence) => late.push(line(presence)));
  await until(() => late.length === 1, 'a second listener hears what is known');
  expect(late).toEqual([`${bobName} off`]);
  await Promise.all([alice.close(), eve.close()]);
}, 60_000);

it('who may not see a user is told of all as of one who was never seen, by watch, question and v1 status; who may sees it (A23)', async () => {
  const [bobName, friendName, nobodyName] = [name('bob'), name('friend'), name('ghost')];
  const audience = (...flags: string[]) => runIris(['audience', '--as', bobName, '--at', south, '--json', ...flags]);
  expect(JSON.parse((await audience('--only', `${friendName},other`)).stdout)).toEqual({ user: bobName, audience: [friendName, 'other'] });
  const bob = await connect(south, bobName);
  const [friend, stranger, old] = [
    await connect(north, friendName),
    await connect(north, name('eve')),
    await V1Client.logIn(north, name('v1')),
  ];
  await isOnline(friend, bobName);
  const heard: UserPresence[] = [];
  stranger.watch([bobName, nobodyName], (presence) => heard.push(presence));
  const unseen = { isOnline: false, lastSeenMs: 0 };
  await until(() => heard.length === 2, 'both are told of');
  expect(heard.toSorted((a, b) => (a.user < b.user ? -1 : 1))).toEqual([bobName, nobodyName].map((user) => ({ user, ...unseen })));
  expect([await stranger.presenceOf(bobName), await stranger.presenceOf(nobodyName)]).toEqual([unseen, unseen]);
  const statusOf = async (user: string) => {
    old.raw.write(named(0x05, user));
    return (await old.raw.take(3 + user.length + 9)).subarray(3 + user.length).toString('hex');
  };
  expect(await statusOf(bobName)).toBe(await statusOf(nobodyName));
  expect(await bob.presenceOf(bobName)).toMatchObject({ isOnline: true });
  await bob.setAudience('everyone');
  await until(() => heard.some(({ user, isOnline: isOn }) => user === bobName && isOn), 'everyone sees it again');
  await Promise.all([bob, friend, stranger].map((client) => client.close()));
  old.end();
}, 60_000);

it('a session watches SESSION_WATCHES_MAX users; of others it hears WATCHES_LIMITED, and messages flow on', async () => {
  const alice = await connect(north, name('alice'));
  const users = Array.from({ length: SESSION_WATCHES_MAX + 3 }, () => name('watched'));
  const heard = new Map<string, UserPresence>();
  const stop = alice.watch(users, (presence) => heard.set(presence.user, presence));
  await until(() => heard.size === users.length, 'all are answered');
  const refused = users.filter((user) => heard.get(user)?.refused !== undefined);
  expect(refused).toEqual(users.slice(SESSION_WATCHES_MAX));
  expect(heard.get(refused[0] as string)?.refused).toMatchObject({ code: 'WATCHES_LIMITED' });
  expect((await alice.send(users[0] as string, 'stored')).durability).toBe('D2');
  stop();
  const other = name('watched');
  alice.watch([other], (presence) => heard.set(presence.user, presence));
  await until(() => heard.get(other)?.isOnline === false && heard.get(other)?.refused === undefined, 'there is room again');
  await alice.close();
});

it('iris watch', async () => {
  const bobName = name('bob');
  const watcher = startIris(['watch', bobName, '--as', name('alice'), '--at', north, '--count', '3']);
  await watcher.line('stdout', new RegExp(`^${bobName} is offline$`, 'm'));
  const comes = watcher.line('stdout', new RegExp(`${bobName} is online`));
  const bob = await connect(south, bobName);
  await comes;
  const leaves = watcher.line('stdout', new RegExp(`${bobName} is offline, last seen \\d{4}-`));
  await bob.close();
  await leaves;
  expect((await watcher.ended).code).toBe(0);
  expect((await runIris(['watch', '--as', 'alice', '--at', north])).stderr).toMatch(/at least one user/);
}, 60_000);
