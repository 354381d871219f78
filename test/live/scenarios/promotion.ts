import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePortRow } from '../../infra/local/free-port-row.ts';
import { LocalFleet } from '../../scenarios/local-fleet.ts';
import { pick, report, seeded, Traffic } from '../traffic.ts';
import type { Foundation } from './foundation.ts';

const run = promisify(execFile);
const HOT = 'celebrity';
/** Of one node in a row: the fleet gives a node up that dies six times within 10 s each, and two more follow. */
const KILLS_MAX = 3;

/** One region whose 6 shards live on 3 cores. */
const ENVIRONMENT = {
  name: 'hot',
  domain: 'hot.iris.io',
  foundation: 'embedded',
  dailyActiveUsers: 100_000,
  zones: 2,
  instanceTypes: { edge: 'c7g.medium', core: 'c7g.large' },
  regions: [
    {
      code: 'tokyo',
      awsRegion: 'ap-northeast-1',
      cidr: '10.0.0.0/16',
      edges: 2,
      shards: 6,
      shardGroups: 3,
      serves: { default: true, continents: ['AS'] },
    },
  ],
};

const CHANGES = [
  ['promote', HOT, '--buckets', '5'],
  ['promote', HOT, '--buckets', '9'],
  ['demote', HOT],
  ['promote', HOT, '--buckets', '2'],
  ['demote', HOT],
] as const;
const BUCKETS = ['5', '9', '1', '2', '1'];

export interface PromotionDrills {
  /** How many of the five, with two nodes killed before each. */
  readonly changes: number;
  /** Connections over which 100 buckets are drained. */
  readonly drains: readonly number[];
}

/** P7, B3, B8, F15, L1-L4: one hot user is promoted and demoted with the CLI while edges and cores of a real fleet are killed. */
export function describePromotion({ on, flags }: Foundation, { changes, drains }: PromotionDrills): void {
  describe(`a hot user${on}`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'iris-hot-'));
    let fleet: LocalFleet;
    let traffic: Traffic;

    beforeAll(async () => {
      const path = join(folder, 'hot.json');
      writeFileSync(path, JSON.stringify(ENVIRONMENT));
      fleet = await LocalFleet.start(path, await freePortRow(), { flags: flags() });
      traffic = new Traffic(() => fleet.edgesOf('tokyo'));
    }, 60_000);

    afterAll(async () => {
      await traffic?.close();
      await fleet?.stop();
      rmSync(folder, { recursive: true, force: true });
    }, 60_000);

    /** Runs the command as an operator does; again where the fleet is just being killed. */
    async function iris(...args: string[]): Promise<string> {
      for (let attempt = 0; ; attempt++) {
        try {
          const { stdout } = await run(process.execPath, [resolve(__dirname, '../../../bin/iris.js'), ...args, '--state', fleet.state], {
            cwd: folder,
          });
          return stdout;
        } catch (error) {
          if (attempt === 20) throw error;
          await pause(500);
        }
      }
    }

    it(`reads every message once and in order over 4 connections through ${changes} changes of the buckets and ${2 * changes} kill -9`, async () => {
      const random = seeded();
      const senders = Array.from({ length: 16 }, (_, i) => `fan-${i}`);
      for (const sender of senders) await traffic.connect(sender);
      await traffic.connect(HOT, { connections: 4 });
      for (const reader of [HOT, 'fan-0', 'fan-1']) await traffic.read(reader);
      const stop = new AbortController();
      const running = traffic.run(random, { from: senders, to: [HOT, HOT, HOT, 'fan-0', 'fan-1'], perSecond: 250, signal: stop.signal });
      const said: string[] = [];
      const nodes = fleet.nodes.map(({ id }) => id);
      const killed = new Map<string, number>();
      for (const change of CHANGES.slice(0, changes)) {
        for (let kills = 0; kills < 2; kills++) {
          const victim = pick(
            random,
            nodes.filter((node) => (killed.get(node) ?? 0) < KILLS_MAX),
          );
          while (!fleet.killNode(victim)) await pause(50);
          killed.set(victim, (killed.get(victim) ?? 0) + 1);
          await pause(700);
        }
        said.push((await iris(...change)).trim());
        await pause(1_500);
      }
      stop.abort();
      await running;
      await traffic.drained();
      report(`${said.join('; ')}; ${2 * changes} kills`);
      traffic.judge(`F15${on}`);
      expect(said.map((line) => /has (\d+) bucket/.exec(line)?.[1])).toEqual(BUCKETS.slice(0, changes));
    }, 180_000);

    if (drains.length > 0)
      it.each(drains)(
        'drains 100 buckets over %i connections, each message once and each sender in order, through kill -9 of an edge and of a core',
        async (connections) => {
          const vip = `vip-${connections}`;
          await iris('promote', vip, '--buckets', '100');
          const senders = Array.from({ length: 16 }, (_, i) => `fan-${i}`);
          const each = 500;
          for (let i = 0; i < each; i++) for (const sender of senders) traffic.send(sender, vip);
          await traffic.settled();
          const reader = await traffic.connect(vip, { connections });
          const victims = ['edge', 'core'].map((role) => fleet.nodes.findLast((node) => node.role === role)?.id as string);
          let killed: string[] = [];
          await traffic.read(vip, (count) => {
            if (count === 1_000) killed = victims.filter((victim) => fleet.killNode(victim));
          });
          await traffic.drained();
          report(
            `${connections} connections, ${reader.connections} read at the end; kill -9 of ${killed.join(', ')} after 1,000 of ${16 * each}`,
          );
          traffic.judge(`P7${on}`);
          expect([killed, reader.connections]).toEqual([victims, connections]);
        },
        120_000,
      );

    it('delivers MSG_0 … MSG_9 in order from a user promoted to 5 buckets (B8)', async () => {
      await iris('promote', 'bob', '--buckets', '5');
      const alice = await traffic.connect('alice');
      await Promise.all(Array.from({ length: 10 }, (_, i) => alice.send('bob', `MSG_${i}`)));
      const bob = await traffic.connect('bob');
      const seen: string[] = [];
      for await (const message of bob.messages()) {
        seen.push(message.text());
        bob.ack(message);
        if (seen.length === 10) break;
      }
      expect(seen).toEqual(Array.from({ length: 10 }, (_, i) => `MSG_${i}`));
    }, 30_000);
  });
}
