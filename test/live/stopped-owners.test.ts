/**
 * F22, L10: the owner of a group's shards is stopped (SIGSTOP) for longer than its lease and comes back. Its standby has taken over with a
 * higher epoch; the one that comes back serves nobody, writes nothing that is seen, and starts anew as the standby.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { OWNERSHIP_LEASE_MS } from '../../runtime/contract/limits.ts';
import { freePortRow } from '../infra/local/free-port-row.ts';
import { LocalFleet } from '../scenarios/local-fleet.ts';
import { until } from '../servers/node-pair.ts';
import { pick, report, seeded, shuffled, Traffic } from './traffic.ts';

const REGIONS = ['tokyo', 'sao-paulo', 'bangalore'];
let fleet: LocalFleet;
let traffic: Traffic;

beforeAll(async () => {
  fleet = await LocalFleet.start('proof', await freePortRow(), { flags: ['--standby'] });
  traffic = new Traffic((user) => {
    const own = REGIONS[Number(user.split('-')[1]) % REGIONS.length] as string;
    return [own, ...REGIONS.filter((region) => region !== own)].flatMap((region) => fleet.edgesOf(region));
  });
}, 120_000);
afterAll(async () => {
  await traffic?.close();
  await fleet?.stop();
}, 60_000);

const coresOf = (region: string) => fleet.nodes.filter((node) => node.role === 'core' && node.region === region).map(({ id }) => id);

/** Epochs by core; 0 for a standby, -1 for one that does not answer. */
async function epochs(region: string): Promise<{ core: string; epoch: number }[]> {
  return await Promise.all(
    coresOf(region).map(async (core) => ({ core, epoch: await fleet.metric(core, 'iris_owner_epoch').catch(() => -1) })),
  );
}

async function ownerOf(region: string): Promise<{ core: string; epoch: number }> {
  const owners = (await epochs(region)).filter(({ epoch }) => epoch > 0);
  if (owners.length !== 1) throw new Error(`${region} has ${owners.length} owners`);
  return owners[0]!;
}

it('an owner stopped for 8 to 20 s loses its shards to the standby, and nothing is lost, doubled or reordered (F22)', async () => {
  const random = seeded();
  const users = Array.from({ length: 12 }, (_, i) => `user-${i}`);
  for (const user of users) await traffic.read(user);
  const stop = new AbortController();
  const running = traffic.run(random, { from: users, to: users, perSecond: 100, signal: stop.signal });
  const said: string[] = [];
  for (const seconds of shuffled(random, [8, 13, 20])) {
    const region = pick(random, REGIONS);
    const before = await ownerOf(region);
    const standby = coresOf(region).find((core) => core !== before.core) as string;
    fleet.signalNode(before.core, 'SIGSTOP');
    const stoppedMs = performance.now();
    await until(
      async () => (await fleet.metric(standby, 'iris_owner_epoch')) > before.epoch,
      'the standby has taken over',
      seconds * 1_000,
    );
    const tookMs = performance.now() - stoppedMs;
    await pause(seconds * 1_000 - tookMs);
    fleet.signalNode(before.core, 'SIGCONT');
    // It ends by itself and is started anew, as the standby.
    await until(
      async () => (await epochs(region)).some(({ core, epoch }) => core === before.core && epoch === 0),
      'the old owner is a standby',
      30_000,
    );
    const after = await ownerOf(region);
    expect(after.core).toBe(standby);
    said.push(`${region} stopped ${seconds} s, taken over after ${(tookMs / 1_000).toFixed(1)} s`);
    expect(tookMs).toBeLessThan(OWNERSHIP_LEASE_MS + 4_000);
  }
  await pause(1_000);
  stop.abort();
  await running;
  await traffic.drained();
  report(`F22: ${said.join('; ')}; from send to receipt ${(Math.max(...traffic.latenciesMs) / 1_000).toFixed(1)} s at most`);
  traffic.judge('F22');
  expect(traffic.refusals.size).toBe(0);
}, 180_000);
