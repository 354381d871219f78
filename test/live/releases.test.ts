/** F16, L1-L3: nodes of the release before this one beside nodes of this one, and edges replaced under load. */
import { setTimeout as pause } from 'node:timers/promises';
import { IrisClient } from '../../runtime/client/index.ts';
import { until } from '../servers/node-pair.ts';
import { V1Client } from '../servers/v1-client.ts';
import { previousRelease } from '../services/previous-release.ts';
import { LiveFleet } from './live-fleet.ts';
import { seeded, Traffic } from './traffic.ts';

const REGIONS = ['tokyo', 'bangalore'];
let old: { edge: string; core: string };
let fleet: LiveFleet;
let traffic: Traffic;
let users: string[];

beforeAll(async () => {
  old = await previousRelease();
}, 120_000);
afterEach(async () => {
  await traffic?.close();
  await fleet?.stop();
});

const roleOf = (node: string) => (node.includes('edge') ? 'edge' : 'core');

/** Both regions with an edge and a core each; the nodes named are of the older release. */
async function start(isOld: (node: string) => boolean): Promise<void> {
  fleet = await LiveFleet.start({
    regions: { tokyo: { edges: 1, cores: 1 }, bangalore: { edges: 1, cores: 1 } },
    started: (node) => (isOld(node) ? { entry: old[roleOf(node)] } : {}),
    // It takes no commands.
    fields: (node, admin) => (isOld(node) ? { admin } : {}),
  });
  users = fleet.cores.flatMap((core) => fleet.usersOf(core, 5));
  const home = (user: string) => (users.indexOf(user) < 5 ? 0 : 1);
  traffic = new Traffic((user) => [home(user), 1 - home(user)].map((region) => fleet.address(`${REGIONS[region]}-edge-0`)));
  for (const user of users) await traffic.read(user);
}

async function talk(seconds: number): Promise<void> {
  await traffic.run(seeded(), { from: users, to: users, perSecond: 100, signal: AbortSignal.timeout(seconds * 1_000) });
}

it.each<[string, (node: string) => boolean]>([
  ['edges of the older release on newer cores', (node) => roleOf(node) === 'edge'],
  ['newer edges on cores of the older release', (node) => roleOf(node) === 'core'],
  ['a region of the older release beside a newer one', (node) => node.startsWith('tokyo')],
  ['a region of the newer release beside an older one', (node) => node.startsWith('bangalore')],
])('%s exchange everything once and in order (F16)', async (what, isOld) => {
  await start(isOld);
  await talk(4);
  await traffic.drained();
  const [alice, bob] = [
    await V1Client.logIn(fleet.address('tokyo-edge-0'), 'alice'),
    await V1Client.logIn(fleet.address('bangalore-edge-0'), 'bob'),
  ];
  alice.send('bob', 'as the original');
  expect((await bob.message()).body).toBe('as the original');
  // An older core is asked, an older edge knows no watches.
  const watcher = await IrisClient.connect({ addresses: [fleet.address('tokyo-edge-0')], user: 'watcher' });
  const words: string[] = [];
  watcher.watch(['bob'], ({ isOnline, refused }) => words.push(refused?.code ?? (isOnline ? 'on' : 'off')));
  const expected = isOld('tokyo-edge-0') ? 'VERSION_UNSUPPORTED' : 'on';
  await until(() => words.at(-1) === expected, `${expected} is heard, after ${words.join()}`, 30_000);
  await watcher.close();
  traffic.judge(`F16 ${what}`);
  expect(traffic.refusals.size).toBe(0);
});

it('edges of the older release are replaced one by one under load (F16)', async () => {
  await start((node) => roleOf(node) === 'edge');
  const running = talk(12);
  for (const edge of fleet.edges) {
    await pause(2_500);
    await fleet.process(edge).stop();
    await fleet.startNode(edge, {});
  }
  await running;
  await traffic.drained();
  traffic.judge('F16 edges replaced');
  expect(traffic.refusals.size).toBe(0);
}, 120_000);
