import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePortRow } from '../../infra/local/free-port-row.ts';
import { LocalFleet } from '../../scenarios/local-fleet.ts';
import { until } from '../../servers/node-pair.ts';
import { report, seeded, Traffic } from '../traffic.ts';
import type { Foundation } from './foundation.ts';

const USERS = Array.from({ length: 60 }, (_, i) => `user-${i}`);
/** Of the three groups of the north it comes and goes. */
const GUEST = 'north-g2-a';

/** F18, R4, L1-L4, L10: shards are added to a running fleet, and groups join and leave it, under load, broken off and taken back midway. */
export function describeReshard({ on, hasFolders, flags }: Foundation): void {
  describe(`resharding${on}`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'iris-reshard-'));
    const environment = join(folder, 'trio.json');
    let fleet: LocalFleet;
    let traffic: Traffic;
    let basePort: number;

    beforeAll(async () => {
      writeEnvironment(environment);
      basePort = await freePortRow();
      fleet = await LocalFleet.start(environment, basePort, { flags: flags() });
    }, 90_000);
    beforeEach(() => {
      traffic = new Traffic((user) => {
        const [own, other] = Number(user.split('-')[1]) % 2 === 0 ? ['north', 'south'] : ['south', 'north'];
        return [...fleet.edgesOf(own as string), ...fleet.edgesOf(other as string)];
      });
    });
    afterEach(async () => await traffic.close());
    afterAll(async () => {
      await fleet?.stop();
      rmSync(folder, { recursive: true, force: true });
    }, 60_000);

    async function underLoad(row: string, drill: () => Promise<void>): Promise<void> {
      for (const user of USERS) await traffic.read(user);
      const stop = new AbortController();
      const running = traffic.run(seeded(), { from: USERS, to: USERS, perSecond: 200, signal: stop.signal });
      try {
        await pause(1_000);
        await drill();
        await pause(1_000);
      } finally {
        stop.abort();
        await running;
      }
      await traffic.drained();
      traffic.judge(`${row}${on}`);
    }
    const iris = (args: readonly string[], midway?: Midway) => runOn(fleet, args, midway);

    it('8 to 16 shards, broken off and taken back, then 16 again: nothing is lost, doubled or reordered (F18)', async () => {
      await underLoad('F18', async () => {
        await iris(['reshard', 'trio', '--shards', '16'], 'killed');
        const back = await iris(['reshard', 'trio', '--back']);
        const again = await iris(['reshard', 'trio', '--shards', '16']);
        const fewer = await iris(['reshard', 'trio', '--shards', '8']);
        report(`F18: back: ${back}; again: ${again}; fewer: ${fewer}`);
        expect([again, fewer]).toEqual([expect.stringMatching(/^16 shards/), expect.stringMatching(/^8 shards/)]);
      });
      expect(traffic.refusals.size).toBe(0);
    }, 180_000);

    it('3 to 2 groups and back, taken back midway, the command, a core and the whole fleet killed, an emptied store removed (F18, R4)', async () => {
      await underLoad('F18 groups', async () => {
        await iris(['leave', GUEST], 'killed');
        await iris(['leave', GUEST, '--back']);
        expect(await iris(['leave', GUEST], () => fleet.killNode(GUEST))).toMatch(/owns nothing/);
        expect(await ownedBy(fleet)).toBe(0);
        if (hasFolders) rmSync(join(fleet.state, 'store', 'north-g2'), { recursive: true });
        fleet.killNode(GUEST);
        await until(async () => (await ownedBy(fleet).catch(() => undefined)) === 0, 'the emptied core is back', 30_000);
        expect(await iris(['join', GUEST], () => fleet.killNode('north-g0-a'))).toMatch(/north-g2 owns 2 of 8 shards/);
        const left = await iris(['leave', GUEST], async () => {
          const { state } = fleet;
          await fleet.killAll();
          fleet = await LocalFleet.start(environment, basePort, { state, flags: flags() });
        });
        report(`F18 groups: ${left}`);
        expect(await ownedBy(fleet)).toBe(0);
      });
    }, 180_000);
  });
}

type Midway = 'killed' | (() => unknown);

/** A command as an operator runs it; once it waits for the cores it is killed, or `midway` comes. Resolves to the last line it said. */
async function runOn(fleet: LocalFleet, args: readonly string[], midway?: Midway): Promise<string> {
  const command = [resolve(__dirname, '../../../bin/iris.js'), ...args, '--state', fleet.state];
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit') as Promise<[number | null]>;
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  if (midway !== undefined) {
    while (!said.includes('waiting for') && child.exitCode === null) await pause(10);
    if (midway === 'killed') child.kill('SIGKILL');
    else await midway();
  }
  const [code] = await exited;
  if (code !== 0 && midway !== 'killed') throw new Error(`iris ${args.join(' ')} ended with ${code}: ${said}`);
  return said.trim().split('\n').at(-1) ?? '';
}

/** What would be lost with the guest’s store. */
async function ownedBy(fleet: LocalFleet): Promise<number> {
  const admin = fleet.nodes.find(({ id }) => id === GUEST)?.listen.admin;
  return ((await (await fetch(`http://${admin}/ownership`, { headers: { connection: 'close' } })).json()) as { owned: number }).owned;
}

function writeEnvironment(path: string): void {
  const region = (code: string, awsRegion: string, second: number, shards: number) => ({
    code,
    awsRegion,
    cidr: `10.${second}.0.0/16`,
    edges: 1,
    shards,
    serves: { default: second === 0, continents: [second === 0 ? 'EU' : 'SA'] },
  });
  const regions = [region('north', 'eu-north-1', 0, 6), region('south', 'sa-east-1', 1, 2)];
  writeFileSync(
    path,
    JSON.stringify({ name: 'trio', domain: 'trio.example', dailyActiveUsers: 800_000, zones: 2, shardsPerGroup: 2, regions }),
  );
}
