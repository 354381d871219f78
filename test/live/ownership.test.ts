/**
 * F2, F22, L10, L1-L3: the owner of a shard group is killed, or stopped and goes on later, under load. With a standby that takes over, and
 * without one. One owner per shard and epoch.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePortRow } from '../infra/local/free-port-row.ts';
import { type FleetNode, LocalFleet } from '../scenarios/local-fleet.ts';
import { until } from '../servers/node-pair.ts';
import { report, seeded, Traffic } from './traffic.ts';

const senders = Array.from({ length: 6 }, (_, i) => `sender-${i}`);
const readers = Array.from({ length: 6 }, (_, i) => `reader-${i}`);
let fleet: LocalFleet;
let traffic: Traffic;

afterEach(async () => {
  await traffic?.close();
  await fleet?.stop();
}, 60_000);

async function start(...flags: string[]): Promise<void> {
  fleet = await LocalFleet.start('proof', await freePortRow(), { flags: ['--regions', 'tokyo', ...flags] });
  traffic = new Traffic(() => fleet.edgesOf('tokyo'));
  for (const sender of senders) await traffic.connect(sender);
  for (const reader of readers) await traffic.read(reader);
}

/** Sends all the while `work` goes on and a little longer, and waits for every answer. */
async function underLoad(work: () => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const running = traffic.run(seeded(), { from: senders, to: readers, perSecond: 150, signal: stop.signal });
  await pause(2_000);
  await work();
  await pause(3_000);
  stop.abort();
  await running;
  await traffic.drained();
}

interface Taken {
  readonly node: string;
  readonly epoch: number;
  readonly timeMs: number;
}

/** Every lease that the fleet's logs tell of, in the order of time. */
function leases(): Taken[] {
  const logs = join(fleet.state, 'logs');
  const lines = readdirSync(logs).flatMap((name) => readFileSync(join(logs, name), 'utf8').split('\n'));
  return lines
    .filter((line) => line.startsWith('{') && line.includes('"ownership-taken"'))
    .map((line) => JSON.parse(line) as { node: string; epoch: number; time: string })
    .map(({ node, epoch, time }) => ({ node, epoch, timeMs: Date.parse(time) }))
    .toSorted((a, b) => a.timeMs - b.timeMs);
}

/** One owner per shard and epoch, and epochs that only grow: the shards of tokyo have one group. */
function judgeLeases(): void {
  const epochs = leases().map(({ epoch }) => epoch);
  expect(epochs).toEqual([...new Set(epochs)].toSorted((a, b) => a - b));
}

function cores(): readonly FleetNode[] {
  return fleet.nodes.filter(({ role }) => role === 'core');
}

/** 200, or why the node should get no work; undefined when it does not answer. */
async function readiness(node: FleetNode): Promise<string | undefined> {
  try {
    const response = await fetch(`http://${node.listen.admin}/readyz`, {
      headers: { connection: 'close' },
      signal: AbortSignal.timeout(500),
    });
    return response.status === 200 ? 'ready' : await response.text();
  } catch {
    return undefined;
  }
}

/** Nodes that say they own the shards now. */
async function owners(): Promise<string[]> {
  const answers = await Promise.all(cores().map(async (node) => ({ id: node.id, said: await readiness(node) })));
  return answers.filter(({ said }) => said === 'ready').map(({ id }) => id);
}

async function oneOwner(): Promise<string> {
  let found: string[] = [];
  const isOne = async () => {
    found = await owners();
    return found.length === 1;
  };
  await until(isOne, 'one core is ready', 15_000);
  return found[0] as string;
}

it('five owners killed one after the other: each time the standby serves within 10 s (F2)', async () => {
  await start('--standby');
  const gapsMs: number[] = [];
  await underLoad(async () => {
    for (let kill = 0; kill < 5; kill++) {
      const owner = await oneOwner();
      const before = leases().length;
      const killedMs = Date.now();
      fleet.killNode(owner);
      await until(() => leases().length > before, 'a lease was taken', 12_000);
      const taken = leases().at(-1) as Taken;
      expect(taken.node).not.toBe(owner);
      gapsMs.push(taken.timeMs - killedMs);
      await pause(2_000);
    }
  });
  const longestMs = Math.max(...traffic.acknowledgedMs);
  report(
    `F2 with a standby: lease taken ${gapsMs.join(', ')} ms after each kill; ${longestMs.toFixed(0)} ms from send to acknowledgement at most`,
  );
  traffic.judge('F2 with a standby');
  judgeLeases();
  expect(longestMs).toBeLessThan(10_000);
}, 120_000);

it.each([5, 12, 40])(
  'the owner is stopped for %i s and goes on, with a standby beside it (F22)',
  async (seconds) => {
    await start('--standby');
    let owner = '';
    await underLoad(async () => {
      owner = await oneOwner();
      fleet.signalNode(owner, 'SIGSTOP');
      const stoppedMs = performance.now();
      while (performance.now() - stoppedMs < seconds * 1_000) {
        expect((await owners()).length).toBeLessThanOrEqual(1);
        await pause(100);
      }
      fleet.signalNode(owner, 'SIGCONT');
      for (let look = 0; look < 20; look++) {
        expect((await owners()).length).toBeLessThanOrEqual(1);
        await pause(100);
      }
      await oneOwner();
    });
    const longestMs = Math.max(...traffic.acknowledgedMs);
    const row = `F22, ${seconds} s with a standby`;
    report(
      `${row}: leases ${leases()
        .map(({ node, epoch }) => `${epoch} ${node}`)
        .join(', ')}; ${longestMs.toFixed(0)} ms from send to acknowledgement at most`,
    );
    traffic.judge(row);
    judgeLeases();
    // Whoever was stopped beyond its lease is a standby now.
    if (seconds < 10) return;
    expect(leases().at(-1)?.node).not.toBe(owner);
    expect(fleet.said).toContain(`${owner} ended with exit code`);
    await until(
      async () => (await readiness(cores().find(({ id }) => id === owner) as FleetNode))?.startsWith('standby') === true,
      `${owner} is a standby`,
      15_000,
    );
  },
  150_000,
);

it.each([12])(
  'the only core is stopped for %i s: it ends, is started again, and owns its shards with a new epoch (F22)',
  async (seconds) => {
    await start();
    await underLoad(async () => {
      const owner = await oneOwner();
      fleet.signalNode(owner, 'SIGSTOP');
      await pause(seconds * 1_000);
      fleet.signalNode(owner, 'SIGCONT');
      await until(() => leases().length > 1, 'a new lease was taken', 15_000);
      await oneOwner();
    });
    expect(new Set(leases().map(({ node }) => node)).size).toBe(1);
    const row = `F22, ${seconds} s without a standby`;
    report(
      `${row}: leases ${leases()
        .map(({ epoch }) => epoch)
        .join(', ')}`,
    );
    traffic.judge(row);
    judgeLeases();
  },
  120_000,
);
