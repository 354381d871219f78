/** F19, R12, R13, L1-L3, L9: a region of a local fleet is killed, failed over, started again and failed back under load; users get other homes. */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { readPublishedMap } from '../../infra/local/published-map.ts';
import { readSlotMap } from '../../runtime/contract/slot-map.ts';
import { freePortRow } from '../infra/local/free-port-row.ts';
import { LocalFleet } from '../scenarios/local-fleet.ts';
import { report, seeded, Traffic } from './traffic.ts';

const run = promisify(execFile);
const REGIONS = ['tokyo', 'sao-paulo', 'bangalore'];
const LOST = 'sao-paulo';
let fleet: LocalFleet;
let traffic: Traffic;

beforeAll(async () => {
  fleet = await LocalFleet.start('proof', await freePortRow());
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
  const { stdout } = await run(process.execPath, [resolve(__dirname, '../../bin/iris.js'), ...args, '--state', fleet.state]);
  return stdout.trim().split('\n').at(-1) ?? '';
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
  const running = traffic.run(seeded(), { from: users, to: [...users, ...sleepers], perSecond: 200, signal: stop.signal });
  await pause(3_000);
  await iris('region', 'stop', LOST, '--kill');
  const downMs = performance.now();
  await expect(iris('failback', LOST)).rejects.toMatchObject({ code: 1, stderr: expect.stringMatching(/no core of sao-paulo serves/) });
  traffic.history.record({ event: 'stranded', users: livingIn(LOST, [...users, ...sleepers]) });
  const over = await iris('failover', LOST);
  const overMs = performance.now() - downMs;
  await pause(1_000);
  traffic.acknowledgedMs = [];
  const before = traffic.history.receivedCount;
  await pause(3_000);
  const meanwhile = traffic.history.receivedCount - before;
  await iris('region', 'start', LOST);
  const back = await iris('failback', LOST);
  await pause(1_000);
  stop.abort();
  await running;
  for (const sleeper of sleepers) await traffic.read(sleeper);
  await traffic.drained();
  report(`F19: ${over}, ${(overMs / 1_000).toFixed(1)} s after its loss; ${meanwhile} received in 3 s; ${back}`);
  traffic.judge('F19');
  expect(meanwhile).toBeGreaterThan(300);
}, 180_000);

it('gives users another home while they write and read, and back to their slot’s (R12, L9)', async () => {
  const moving = new Traffic((user) => fleet.edgesOf(REGIONS[Number(user.split('-')[1]) % REGIONS.length] as string));
  const users = Array.from({ length: 9 }, (_, i) => `mover-${i}`);
  for (const user of users) await moving.read(user);
  const stop = new AbortController();
  const running = moving.run(seeded(), { from: users, to: users, perSecond: 100, signal: stop.signal });
  const said: string[] = [];
  for (const user of users.slice(0, 6)) said.push(await iris('home', user, '--region', LOST));
  said.push(await iris('home', 'mover-0'), await iris('home', 'mover-1', '--clear'));
  stop.abort();
  await running;
  await moving.drained();
  report(`R12: ${said.join('; ')}`);
  moving.judge('R12');
  await moving.close();
  expect(said.slice(0, 7).filter((line) => !line.includes(`lives in ${LOST}:`))).toEqual([]);
  expect(said.slice(0, 6).filter((line) => line.includes('by command')).length).toBeGreaterThan(0);
  expect(said[7]).toMatch(/by slot \d+/);
  expect(moving.refusals.size).toBe(0);
}, 120_000);
