import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { readPublishedMap } from '../../../infra/local/published-map.ts';
import { readSlotMap } from '../../../runtime/contract/slot-map.ts';
import { freePortRow } from '../../infra/local/free-port-row.ts';
import { LocalFleet } from '../../scenarios/local-fleet.ts';
import { until } from '../../servers/node-pair.ts';
import { report, seeded, Traffic } from '../traffic.ts';
import type { Foundation } from './foundation.ts';

const run = promisify(execFile);
const REGIONS = ['tokyo', 'sao-paulo', 'bangalore'];
const LOST = 'sao-paulo';
export interface FailoverDrills {
  /** Whether users get other homes too. */
  readonly hasHomes: boolean;
  /** Messages a second; a failback ends once it has caught up with them. */
  readonly perSecond: number;
}

/** F19, R12, R13, L1-L3, L9: a region of a local fleet is killed, failed over, started again and failed back under load; users get other homes. */
export function describeFailover({ on, flags }: Foundation, { hasHomes, perSecond }: FailoverDrills): void {
  describe(`a region lost${on}`, () => {
    let fleet: LocalFleet;
    let traffic: Traffic;

    beforeAll(async () => {
      fleet = await LocalFleet.start('proof', await freePortRow(), { flags: flags() });
      traffic = new Traffic((user) => {
        const own = REGIONS[Number(user.split('-')[1]) % REGIONS.length] as string;
        return [own, ...REGIONS.filter((region) => region !== own)].flatMap((region) => fleet.edgesOf(region));
      });
    }, 90_000);
    afterAll(async () => {
      await traffic?.close();
      await fleet?.stop();
    }, 60_000);

    /** As an operator runs it; its last line. */
    async function iris(...args: string[]): Promise<string> {
      const { stdout } = await run(process.execPath, [resolve(__dirname, '../../../bin/iris.js'), ...args, '--state', fleet.state]);
      return stdout.trim().split('\n').at(-1) ?? '';
    }

    /** As an operator whose machine dies once the command waits for the cores. */
    async function killedMidway(...args: string[]): Promise<void> {
      const child = spawn(process.execPath, [resolve(__dirname, '../../../bin/iris.js'), ...args, '--state', fleet.state]);
      let said = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
      const exited = once(child, 'exit');
      while (!said.includes('waiting for') && child.exitCode === null) await pause(5);
      child.kill('SIGKILL');
      await exited;
    }

    /** Those whose inbox is in the region by the map that is published. */
    function livingIn(region: string, users: readonly string[]): string[] {
      const slots = readSlotMap(readPublishedMap(fleet.state));
      return users.filter((user) => slots.homeOfUser(Buffer.from(user)).region === region);
    }

    it('goes on elsewhere while a region is dead, and loses, doubles and reorders nothing through its return (F19)', async () => {
      const users = Array.from({ length: 36 }, (_, i) => `user-${i}`);
      const sleepers = Array.from({ length: 12 }, (_, i) => `sleeper-${i}`);
      for (const user of users) await traffic.read(user);
      const stop = new AbortController();
      const running = traffic.run(seeded(), { from: users, to: [...users, ...sleepers], perSecond, signal: stop.signal });
      await pause(3_000);
      await iris('region', 'stop', LOST, '--kill');
      const downMs = performance.now();
      await expect(iris('failback', LOST)).rejects.toMatchObject({ code: 1, stderr: expect.stringMatching(/no core of sao-paulo serves/) });
      traffic.history.record({ event: 'stranded', users: livingIn(LOST, [...users, ...sleepers]) });
      const over = await iris('failover', LOST);
      const overMs = performance.now() - downMs;
      await pause(1_000);
      const [before, aliveMs] = [traffic.history.receivedCount, performance.now()];
      await until(() => traffic.history.receivedCount >= before + 1.5 * perSecond, 'the other regions go on', 30_000);
      const meanwhileMs = performance.now() - aliveMs;
      await iris('region', 'start', LOST);
      const back = await iris('failback', LOST);
      await pause(1_000);
      stop.abort();
      await running;
      for (const sleeper of sleepers) await traffic.read(sleeper);
      await traffic.drained();
      report(
        `F19${on}: ${over}, ${(overMs / 1_000).toFixed(1)} s after its loss; ${1.5 * perSecond} received in ${(meanwhileMs / 1_000).toFixed(1)} s; ${back}`,
      );
      traffic.judge(`F19${on}`);
    }, 180_000);

    if (hasHomes)
      it('gives users another home while they write and read, and back to their slot’s (R12, L9)', async () => {
        const moving = new Traffic((user) => fleet.edgesOf(REGIONS[Number(user.split('-')[1]) % REGIONS.length] as string));
        const users = Array.from({ length: 9 }, (_, i) => `mover-${i}`);
        for (const user of users) await moving.read(user);
        const stop = new AbortController();
        const running = moving.run(seeded(), { from: users, to: users, perSecond: 100, signal: stop.signal });
        const said: string[] = [];
        await killedMidway('home', 'mover-1', '--region', LOST);
        // The same command goes on from the map that is published, whether the dead one had come to its end or not.
        for (const user of users.slice(0, 6)) said.push(await iris('home', user, '--region', LOST));
        said.push(await iris('home', 'mover-0'), await iris('home', 'mover-1', '--clear'));
        stop.abort();
        await running;
        await moving.drained();
        report(`R12: ${said.join('; ')}`);
        moving.judge(`R12${on}`);
        await moving.close();
        expect(said.slice(0, 7).filter((line) => !line.includes(`lives in ${LOST}:`))).toEqual([]);
        expect(said.slice(0, 6).filter((line) => line.includes('by command')).length).toBeGreaterThan(0);
        expect(said[7]).toMatch(/by slot \d+/);
        expect(moving.refusals.size).toBe(0);
      }, 120_000);

    it('goes on without a region that is given up, whose users have what was sent before once it comes back after all (F19, L1, L3)', async () => {
      const talking = new Traffic(() => ['tokyo', 'bangalore'].flatMap((region) => fleet.edgesOf(region)));
      const writers = Array.from({ length: 6 }, (_, i) => `writer-${i}`);
      const readers = livingIn(
        LOST,
        Array.from({ length: 60 }, (_, i) => `reader-${i}`),
      ).slice(0, 6);
      for (const writer of writers) await talking.connect(writer);
      const sendToEach = async () => {
        for (const writer of writers) for (const reader of readers) talking.send(writer, reader);
        await talking.settled();
      };
      await sendToEach();
      await iris('region', 'stop', LOST, '--kill');
      talking.history.record({ event: 'stranded', users: readers });
      await iris('failover', LOST);
      await iris('failover', LOST, '--give-up');
      await pause(1_000);
      await sendToEach();
      for (const reader of readers) await talking.read(reader);
      // Each names a predecessor that lies on the dead disk: nothing waits for it.
      await until(() => talking.history.receivedCount === writers.length * readers.length, 'what was sent since has come');
      await iris('region', 'start', LOST);
      const back = await iris('failback', LOST);
      await sendToEach();
      await talking.drained();
      report(`F19 given up: ${talking.history.receivedCount} received; ${back}`);
      talking.judge(`F19 given up${on}`);
      await talking.close();
    }, 120_000);
  });
}
