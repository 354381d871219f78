/** O6: a thousand shards in two core processes, 0 to 499 and 500 to 999, deliver to users of every range of shards. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IrisClient } from '../../runtime/client/iris-client.ts';
import { readSlotMap } from '../../runtime/contract/slot-map.ts';
import { LocalFleet } from './local-fleet.ts';

const RANGES = 50;
const folder = mkdtempSync(join(tmpdir(), 'iris-thousand-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function writeEnvironment(): string {
  const region = (code: string, awsRegion: string, second: number) => ({
    code,
    awsRegion,
    cidr: `10.${second}.0.0/16`,
    edges: 1,
    shards: 500,
    serves: { default: second === 0, continents: [second === 0 ? 'EU' : 'SA'] },
  });
  const regions = [region('north', 'eu-north-1', 0), region('south', 'sa-east-1', 1)];
  const path = join(folder, 'thousand.json');
  writeFileSync(
    path,
    JSON.stringify({
      name: 'thousand',
      domain: 'thousand.example',
      dailyActiveUsers: 1_000_000,
      zones: 2,
      usersPerShard: 1_000,
      shardsPerGroup: 500,
      regions,
    }),
  );
  return path;
}

it('starts with iris up and delivers to a user of each of fifty ranges of twenty shards, from both regions', async () => {
  const fleet = await LocalFleet.start(writeEnvironment(), 24_740);
  try {
    const router = readSlotMap(JSON.parse(readFileSync(join(fleet.state, 'slot-map.json'), 'utf8')));
    expect(router.map.regions.flatMap(({ groups }) => groups.map((group) => [group.firstShard, group.shardCount]))).toEqual([
      [0, 500],
      [500, 500],
    ]);
    expect(fleet.nodes.filter(({ role }) => role === 'core')).toHaveLength(2);
    const byRange = new Map<number, string>();
    for (let i = 0; byRange.size < RANGES; i++) {
      const range = Math.floor(router.shardOf(Buffer.from(`user-${i}`)) / (1_000 / RANGES));
      if (!byRange.has(range)) byRange.set(range, `user-${i}`);
    }
    const users = [...byRange.values()];
    const regions = ['north', 'south'];
    for (const region of regions) {
      const sender = await IrisClient.connect({ addresses: fleet.edgesOf(region), user: `sender-${region}` });
      await Promise.all(users.map((user) => sender.send(user, region)));
      await sender.close();
    }
    for (const user of users) {
      const client = await IrisClient.connect({ addresses: fleet.edgesOf('north'), user });
      const texts: string[] = [];
      for await (const message of client.messages()) {
        texts.push(message.text());
        client.ack(message);
        if (texts.length === regions.length) break;
      }
      await client.close();
      expect(texts.toSorted((a, b) => a.localeCompare(b))).toEqual(regions);
    }
  } finally {
    await fleet.stop();
  }
}, 90_000);
