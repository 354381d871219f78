/** F17, R3: an operator prints, begins and changes what is published, in one command and place. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SlotMap } from '../../runtime/contract/slot-map-schema.ts';
import { ConsulStore } from '../fakes/consul-store.ts';
import { runIris } from './run-iris.ts';

const folder = mkdtempSync(join(tmpdir(), 'iris-slot-map-'));
let consul: ConsulStore;
let place: string;

beforeAll(async () => {
  consul = await ConsulStore.start();
  place = `consul://${consul.address}/iris/proof/slot-map`;
});
afterAll(async () => {
  await consul.stop();
  rmSync(folder, { recursive: true, force: true });
});

const iris = (...args: string[]) => runIris(args, { cwd: folder });

it('begins with the plan of an environment, prints it, and takes a newer one only from who knows the one before', async () => {
  expect(await iris('slot-map', place)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/FILE_UNREADABLE: consul .* holds no slot map/),
  });
  expect(await iris('slot-map', place, '--plan', 'proof')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/has version 1 of proof: .* no move under way/),
  });
  expect((await iris('slot-map', place, '--plan', 'proof')).stdout).toMatch(/names all that is planned already/);
  const map = JSON.parse((await iris('slot-map', place)).stdout) as SlotMap;
  expect(map).toMatchObject({ environment: 'proof', version: 1 });
  writeFileSync(join(folder, 'next.json'), JSON.stringify({ ...map, version: 2 }));
  expect((await iris('slot-map', place, '--publish', 'next.json')).code).toBe(0);
  expect(await iris('slot-map', place, '--publish', 'next.json')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/version 2 is not above 2/),
  });
}, 60_000);

it('begins a move there without a fleet of this machine, and says who does not answer', async () => {
  const dry = await iris('reshard', 'proof', '--shards', '12', '--dry-run', '--slot-map', place);
  expect([dry.code, dry.stdout]).toEqual([0, expect.stringMatching(/3 to 12 shards|\d+ to 12 shards/)]);
  const lost = await iris('failback', 'tokyo', '--slot-map', place, '--admin', '127.0.0.1:9');
  expect([lost.code, lost.stderr]).toEqual([1, expect.stringMatching(/no core of tokyo serves/)]);
}, 60_000);

it.each([
  [['slot-map'], /takes one place/],
  [['reshard', 'proof', '--shards', '4', '--admin', '10.0.0.1:9400'], /--admin goes with --slot-map/],
  [['leave', 'a', '--slot-map', 'm.json', '--state', '.'], /--state is of a local fleet/],
  [['leave', 'a', '--slot-map', 'm.json', '--admin', 'nowhere'], /--admin is 'nowhere', it must be/],
])(
  '%s is wrong usage',
  async (args, reason) => {
    expect(await iris(...args)).toMatchObject({ code: 2, stderr: expect.stringMatching(reason) });
  },
  30_000,
);

it('a place that is none is refused without what may be a password', async () => {
  const { code, stderr } = await iris('slot-map', 'etcd://root:hunter2@10.0.0.1:2379/k');
  expect([code, stderr]).toEqual([1, expect.stringMatching(/CONFIG_INVALID/)]);
  expect(stderr).not.toMatch(/hunter2/);
  expect(readFileSync(join(folder, 'next.json'), 'utf8')).toContain('iris-slot-map/1');
}, 30_000);
