/** F23, L7: an edge that may open 256 files refuses further clients in their own protocol, and serves those it has. */
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../servers/node-pair.ts';
import { RawSocket } from '../servers/raw-socket.ts';
import { login, V1Client } from '../servers/v1-client.ts';
import { hello, V2Client } from '../servers/v2-client.ts';
import { LiveFleet } from './live-fleet.ts';
import { report } from './traffic.ts';

const FILES = 256;
let fleet: LiveFleet;

beforeAll(async () => {
  const through = ['bash', '-c', `ulimit -n ${FILES} && exec "$@"`, 'bash'];
  fleet = await LiveFleet.start({
    regions: { tokyo: { edges: 1, cores: 1 } },
    started: (node) => (node.includes('edge') ? { through, env: { PATH: process.env['PATH'] ?? '' } } : {}),
  });
}, 60_000);
afterAll(() => fleet?.stop());

it(`refuses what it cannot hold with a reason, keeps its links and its clients, and takes new ones when others leave (F23)`, async () => {
  const address = fleet.address('tokyo-edge-0');
  const held: V2Client[] = [];
  let refusal: string | undefined;
  while (refusal === undefined && held.length < FILES) {
    const client = await V2Client.open(address);
    client.raw.write(hello(`user-${held.length}`));
    const { opcode } = await client.frame();
    if (opcode === 0x81) held.push(client);
    else refusal = `opcode 0x${opcode.toString(16)}`;
  }
  expect(held.length).toBeGreaterThan(100);
  const late = await V2Client.open(address);
  late.raw.write(hello('late'));
  expect(await late.fault()).toMatchObject({ code: 'OVERLOADED', count: 0 });
  await late.raw.closed();
  const old = await RawSocket.open(address);
  old.write(login('late'));
  expect((await old.take(12)).toString('latin1')).toBe('RATE_LIMITED');
  await old.closed();

  // Many at once, silent ones among them: whoever is not answered is closed, and nothing else happens.
  const crowd = await Promise.all(Array.from({ length: 300 }, () => RawSocket.open(address)));
  for (const raw of crowd.slice(0, 150)) raw.write(hello('crowd'));
  await until(() => crowd.every(({ isClosed }) => isClosed), 'the crowd is closed', 20_000);
  expect((await fleet.admin('tokyo-edge-0', '/readyz')).status).toBe(200);
  const [first, second] = [held[0] as V2Client, held[1] as V2Client];
  first.send('user-1', 1, ['still served']);
  await first.sent();
  expect(String((await second.deliver()).messages[0])).toBe('still served');
  const refused = await fleet.metric('tokyo-edge-0', 'iris_connections_refused_total');
  for (const client of held.slice(50)) client.end();
  await until(async () => (await fleet.metric('tokyo-edge-0', 'iris_connections')) <= 50, 'those who left are gone');
  await pause(100);
  const newcomer = await V1Client.logIn(address, 'newcomer');
  newcomer.end();
  report(`F23: ulimit -n ${FILES}: ${held.length} clients held and served, ${refused} refused, room again when clients left`);
  for (const client of held) client.end();
}, 60_000);
