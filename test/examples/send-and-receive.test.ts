import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder, writeDuo } from '../commands/run-iris.ts';
import { freePortRow } from '../infra/local/free-port-row.ts';
import { LocalFleet } from '../scenarios/local-fleet.ts';

const example = join(import.meta.dirname, '../../examples/send-and-receive.ts');

let folder: string;
let fleet: LocalFleet;

beforeAll(async () => {
  folder = temporaryFolder();
  fleet = await LocalFleet.start(writeDuo(folder), await freePortRow());
}, 60_000);

afterAll(async () => {
  await fleet.stop();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

it('examples/send-and-receive.ts stores a message in one region, reads it in another and hears of it in the first (R14)', () => {
  const [north, south] = [fleet.edgesOf('north')[0]!, fleet.edgesOf('south')[0]!];
  const { status, stdout, stderr } = spawnSync(process.execPath, [example, north, south], { encoding: 'utf8', timeout: 30_000 });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toBe('stored in north as D2\nbob reads in south: konnichiwa, from alice\nalice hears: delivered\n');
});
