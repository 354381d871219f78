import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSlotMap } from '../../runtime/contract/slot-map.ts';
import { runIris, temporaryFolder } from './run-iris.ts';

const edge = {
  format: 'iris-node/1',
  environment: 'duo',
  region: 'north',
  node: { env: 'IRIS_NODE' },
  role: 'edge',
  local: false,
  slotMapPath: 'slot-map.json',
  admin: { host: '127.0.0.1', port: 9_400 },
  client: { host: '0.0.0.0', port: 8_443 },
  authentication: { kind: 'token', issuer: 'https://duo.example', audience: 'iris', keysPath: 'keys.pem' },
};
const slotMap = createSlotMap({
  environment: 'duo',
  version: 1,
  shards: 2,
  regions: [
    { code: 'north', awsRegion: 'eu-north-1', groups: [{ id: 'north-g0', firstShard: 0, shardCount: 2, address: 'localhost:7400' }] },
  ],
});

async function check(document: unknown, ...flags: string[]) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'document.json'), JSON.stringify(document));
  return await runIris(['check', 'document.json', ...flags], { cwd: folder });
}

describe('iris check', () => {
  it('says that a good node config and a good slot map are good, by their format (N2)', async () => {
    expect(await check(edge)).toEqual({ code: 0, stdout: 'document.json: good, iris-node/1', stderr: '' });
    expect(await check(slotMap)).toMatchObject({ code: 0, stdout: 'document.json: good, iris-slot-map/1' });
  });

  it('lists every problem of a node config, one line each, and ends with 1 (L12)', async () => {
    const { code, stdout, stderr } = await check({ ...edge, region: 'North', connectionsMax: 0, client: { host: '', port: 70_000 } });
    expect(code).toBe(1);
    expect(stdout.split('\n').map((line) => line.split(':')[0])).toEqual(['region', 'client.host', 'client.port', 'connectionsMax']);
    expect(stderr).toBe('iris: CONFIG_INVALID: document.json has 4 problems');
  });

  it('lists every problem of a slot map', async () => {
    const [region] = slotMap.regions;
    const wrong = { ...slotMap, shards: 4, overrides: [{ firstSlot: 1_048_575, slotCount: 2, shard: 9 }], regions: [region, region] };
    const { code, stdout } = await check(wrong);
    expect(code).toBe(1);
    expect(stdout.split('\n')).toEqual(
      expect.arrayContaining([
        'region north is listed twice',
        'shard 2 belongs to no group',
        expect.stringContaining('ends at 1048577'),
        expect.stringContaining('names shard 9, the map has 4'),
      ]),
    );
  });

  it('tells a tampered table by its hash', async () => {
    const { code, stdout } = await check({ ...slotMap, tableSha256: '0'.repeat(64) }, '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, format: 'iris-slot-map/1', problems: [expect.stringMatching(/^tableSha256: /)] });
  });

  it('fails on a document of another format, and names the ones it knows', async () => {
    expect(await check({ format: 'iris-node/9' })).toMatchObject({
      code: 1,
      stdout: 'format: "iris-node/9", must be iris-node/1 or iris-slot-map/1',
    });
    expect(await check([])).toMatchObject({ code: 1, stdout: 'format: missing, must be iris-node/1 or iris-slot-map/1' });
  });
});
