/** What `iris migrate` refuses before it starts anything (X1). test/live/engines.test.ts moves a fleet on real servers. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lockState } from '../../infra/local/state-lock.ts';
import { createSlotMap } from '../../runtime/contract/slot-map.ts';
import { runIris, temporaryFolder } from './run-iris.ts';

const to = ['--to', 'distributed'];

it.each([
  [['proof'], 2, /needs --to distributed/],
  [to, 2, /takes one environment/],
  [['proof', ...to, '--kafka', '127.0.0.1'], 2, /--kafka 127.0.0.1 must be host:port/],
  [['proof', ...to], 1, /CONFIG_INVALID.*\.iris\/proof has no stores of a fleet; name its folder with --state/],
])('%j ends with %d and what to write instead', async (args, exit, said) => {
  const { code, stderr } = await runIris(['migrate', ...args], { cwd: temporaryFolder() });
  expect([code, stderr]).toEqual([exit, expect.stringMatching(said)]);
});

it('refuses a fleet that runs, and a folder of another environment', async () => {
  const state = temporaryFolder();
  const lock = lockState(state);
  const running = await runIris(['migrate', 'proof', ...to, '--state', state]);
  expect([running.code, running.stderr]).toEqual([1, expect.stringMatching(new RegExp(`STATE_IN_USE.*stop it with kill ${process.pid}`))]);
  lock.release();
  mkdirSync(join(state, 'store'));
  const group = { id: 'north-g0', address: '127.0.0.1:1', firstShard: 0, shardCount: 1 };
  const regions = [{ code: 'north', awsRegion: 'eu-north-1', groups: [group] }];
  const map = createSlotMap({ environment: 'duo', version: 1, shards: 1, regions });
  writeFileSync(join(state, 'slot-map.json'), JSON.stringify(map));
  const other = await runIris(['migrate', 'proof', ...to, '--state', state]);
  expect([other.code, other.stderr]).toEqual([1, expect.stringMatching(/holds a fleet of duo, not of proof/)]);
});
