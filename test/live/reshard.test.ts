/** F18, L1-L4, L10: shards are added to a running fleet under load; one move is broken off midway and taken back, then made again. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePortRow } from '../infra/local/free-port-row.ts';
import { LocalFleet } from '../scenarios/local-fleet.ts';
import { report, seeded, Traffic } from './traffic.ts';

const REGIONS = ['tokyo', 'sao-paulo', 'bangalore'];
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

/** `iris reshard` as an operator runs it; with `breakAfterMs` it is killed while it waits. */
async function reshard(flags: readonly string[], breakAfterMs?: number): Promise<string> {
  const args = [resolve(__dirname, '../../bin/iris.js'), 'reshard', 'proof', ...flags, '--state', fleet.state];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  if (breakAfterMs !== undefined) {
    await pause(breakAfterMs);
    child.kill('SIGKILL');
  }
  const [code] = (await exited) as [number | null];
  if (breakAfterMs === undefined && code !== 0) throw new Error(`iris reshard ended with ${code}: ${said}`);
  return said.trim().split('\n').at(-1) ?? '';
}

it('3 to 6 shards, broken off and taken back, then 6 again: nothing is lost, doubled or reordered (F18)', async () => {
  const users = Array.from({ length: 40 }, (_, i) => `user-${i}`);
  for (const user of users) await traffic.read(user);
  const stop = new AbortController();
  const running = traffic.run(seeded(), { from: users, to: users, perSecond: 200, signal: stop.signal });
  await pause(2_000);
  await reshard(['--shards', '6'], 900);
  const back = await reshard(['--back']);
  await pause(2_000);
  const again = await reshard(['--shards', '6']);
  await pause(2_000);
  stop.abort();
  await running;
  await traffic.drained();
  report(`F18: back: ${back}; again: ${again}`);
  traffic.judge('F18');
  expect(traffic.refusals.size).toBe(0);
  expect(again).toMatch(/^6 shards/);
}, 180_000);
