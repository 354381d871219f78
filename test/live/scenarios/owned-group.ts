import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePortRow } from '../../infra/local/free-port-row.ts';
import { type FleetNode, LocalFleet } from '../../scenarios/local-fleet.ts';
import { until } from '../../servers/node-pair.ts';
import { seeded, Traffic } from '../traffic.ts';

const senders = Array.from({ length: 6 }, (_, i) => `sender-${i}`);
const readers = Array.from({ length: 6 }, (_, i) => `reader-${i}`);

let groupsMade = 0;

export interface Taken {
  readonly node: string;
  readonly epoch: number;
  readonly timeMs: number;
}

/** One shard group of a fleet, whose owner changes under load. */
export class OwnedGroup {
  readonly fleet: LocalFleet;
  readonly traffic: Traffic;
  private readonly folder: string;

  private constructor(fleet: LocalFleet, folder: string) {
    this.fleet = fleet;
    this.folder = folder;
    this.traffic = new Traffic(() => fleet.edgesOf('tokyo'));
  }

  static async start(...flags: string[]): Promise<OwnedGroup> {
    const folder = mkdtempSync(join(tmpdir(), 'iris-owned-'));
    const path = join(folder, 'owned.json');
    // Fleets that share engines share no keyspace.
    writeFileSync(path, JSON.stringify({ ...ENVIRONMENT, name: `owned-${++groupsMade}` }));
    const group = new OwnedGroup(await LocalFleet.start(path, await freePortRow(), { flags }), folder);
    for (const sender of senders) await group.traffic.connect(sender);
    for (const reader of readers) await group.traffic.read(reader);
    return group;
  }

  async stop(): Promise<void> {
    await this.traffic.close();
    await this.fleet.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Sends all the while `work` goes on and a little longer, and waits for every answer. */
  async underLoad(work: () => Promise<void>): Promise<void> {
    const stop = new AbortController();
    const running = this.traffic.run(seeded(), { from: senders, to: readers, perSecond: 150, signal: stop.signal });
    try {
      await pause(2_000);
      await work();
      await pause(3_000);
    } finally {
      stop.abort();
      await running;
    }
    await this.traffic.drained();
  }

  /** Every lease that the fleet's logs tell of, in the order of time. */
  leases(): Taken[] {
    const logs = join(this.fleet.state, 'logs');
    const lines = readdirSync(logs).flatMap((name) => readFileSync(join(logs, name), 'utf8').split('\n'));
    return lines
      .filter((line) => line.startsWith('{') && line.includes('"ownership-taken"'))
      .map((line) => JSON.parse(line) as { node: string; epoch: number; time: string })
      .map(({ node, epoch, time }) => ({ node, epoch, timeMs: Date.parse(time) }))
      .toSorted((a, b) => a.timeMs - b.timeMs);
  }

  /** One owner per shard and epoch, and epochs that only grow. */
  judgeLeases(): void {
    const epochs = this.leases().map(({ epoch }) => epoch);
    expect(epochs).toEqual([...new Set(epochs)].toSorted((a, b) => a - b));
  }

  /** 200, or why the node should get no work; undefined when it does not answer. */
  async readiness(id: string): Promise<string | undefined> {
    const { listen } = this.fleet.nodes.find((node) => node.id === id) as FleetNode;
    try {
      const response = await fetch(`http://${listen.admin}/readyz`, {
        headers: { connection: 'close' },
        signal: AbortSignal.timeout(500),
      });
      return response.status === 200 ? 'ready' : await response.text();
    } catch {
      return undefined;
    }
  }

  /** Nodes that say they own the shards now. */
  async owners(): Promise<string[]> {
    const cores = this.fleet.nodes.filter(({ role }) => role === 'core');
    const answers = await Promise.all(cores.map(async ({ id }) => ({ id, said: await this.readiness(id) })));
    return answers.filter(({ said }) => said === 'ready').map(({ id }) => id);
  }

  async oneOwner(): Promise<string> {
    let found: string[] = [];
    const isOne = async () => {
      found = await this.owners();
      return found.length === 1;
    };
    await until(isOne, 'one core is ready', 15_000);
    return found[0] as string;
  }
}

const ENVIRONMENT = {
  domain: 'owned.example',
  dailyActiveUsers: 1_000,
  zones: 2,
  regions: [
    {
      code: 'tokyo',
      awsRegion: 'ap-northeast-1',
      cidr: '10.0.0.0/16',
      edges: 2,
      shards: 1,
      serves: { default: true, continents: ['AS'] },
    },
  ],
};
