/** R17, R18, A8: edges that tell Redis who is connected; what an operator and a replaced client hear, and that no message waits for it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RedisServers } from '../../infra/local/engines/redis.ts';
import { runIris, startIris } from '../commands/run-iris.ts';
import { freePortRow } from '../infra/local/free-port-row.ts';
import { until } from '../servers/node-pair.ts';
import { V2Client } from '../servers/v2-client.ts';
import { REDIS, requireTool } from '../services/tool.ts';
import { LiveFleet } from './live-fleet.ts';

requireTool(REDIS);
const folder = mkdtempSync(join(tmpdir(), 'iris-redis-fleet-'));
const tokenPath = join(folder, 'token');
const [HERE, THERE, CORE] = ['tokyo-edge-0', 'tokyo-edge-1', 'tokyo-core-0'] as const;
let redis: RedisServers;
let fleet: LiveFleet;

beforeAll(async () => {
  writeFileSync(tokenPath, 't'.repeat(64));
  redis = await RedisServers.start({ mode: 'single', directory: join(folder, 'redis') });
  fleet = await LiveFleet.start({
    regions: { tokyo: { edges: 2, cores: 1 } },
    fields: (node) => (node === CORE ? {} : { directory: { kind: 'redis', redis: { addresses: redis.addresses } } }),
    adminTokenPath: tokenPath,
  });
});
afterAll(async () => {
  await fleet.stop();
  await redis.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function who(edge: string, user: string): Promise<string> {
  const { stdout, stderr } = await runIris(['who', user, '--admin', fleet.adminAddress(edge), '--token-file', tokenPath]);
  return stdout + stderr;
}

const isKnown = async (edge: string, user: string, text: RegExp) => {
  await until(async () => text.test(await who(edge, user)), `${edge} says of ${user}: ${text}`, 20_000);
};

const rounded = (figures: readonly number[]) => figures.map(Math.round).join(', ');

it('iris who finds a user at another edge, by protocol and device; one who left is not connected', async () => {
  const alice = await V2Client.logIn(fleet.address(HERE), 'alice', { device: Buffer.alloc(8, 0xab) });
  await isKnown(THERE, 'alice', /^alice is connected in tokyo at tokyo-edge-0 since 20\d\d-.*Z, v2\.2, device abababababababab$/m);
  expect(await who(THERE, 'nobody')).toMatch(/^nobody is not connected$/m);
  alice.end();
  await isKnown(THERE, 'alice', /not connected/);
});

it('a login at another edge ends the earlier session at once, even while the inbox’s owner stands still', async () => {
  const first = await V2Client.logIn(fleet.address(HERE), 'bob');
  await isKnown(THERE, 'bob', /tokyo-edge-0/);
  fleet.process(CORE).pause();
  const second = await V2Client.logIn(fleet.address(THERE), 'bob');
  expect((await first.fault()).code).toBe('SESSION_REPLACED');
  await isKnown(HERE, 'bob', /tokyo-edge-1/);
  fleet.process(CORE).resume();
  second.end();
});

it('messages go on while Redis is away or stands still, logins too; an operator is told why there is no answer', async () => {
  const [carol, dave] = [await V2Client.logIn(fleet.address(HERE), 'carol'), await V2Client.logIn(fleet.address(THERE), 'dave')];
  let sequence = 0;
  const talk = async () => {
    const startMs = performance.now();
    carol.send('dave', ++sequence, [`message ${sequence}`], { previous: sequence - 1 });
    await carol.sent();
    const { position, bucket } = await dave.deliver();
    dave.ack({ bucket, position, index: 0 });
    return performance.now() - startMs;
  };
  await talk();
  redis.signal('node-1', 'SIGSTOP');
  const frozen = [await talk(), await talk(), await talk()];
  redis.signal('node-1', 'SIGCONT');
  await redis.kill('node-1');
  const away = [await talk(), await talk(), await talk()];
  (await V2Client.logIn(fleet.address(HERE), 'erin')).end();
  expect(await who(HERE, 'nobody')).toMatch(/ENGINE_UNAVAILABLE: Redis at 127.0.0.1:\d+ does not answer/);
  process.stderr.write(`message to its reader: ${rounded(frozen)} ms with Redis stopped, ${rounded(away)} ms without\n`);
  expect(Math.max(...frozen, ...away)).toBeLessThan(1_000);
  expect(await fleet.metric(HERE, 'iris_directory_up')).toBe(0);
  await redis.restart('node-1');
  await isKnown(HERE, 'dave', /tokyo-edge-1/);
  expect(await fleet.metric(HERE, 'iris_directory_up')).toBe(1);
  for (const client of [carol, dave]) client.end();
});

it('of an edge that was killed nobody is connected within seconds', async () => {
  const frank = await V2Client.logIn(fleet.address(HERE), 'frank');
  await isKnown(THERE, 'frank', /tokyo-edge-0/);
  await fleet.process(HERE).kill();
  await isKnown(THERE, 'frank', /not connected/);
  frank.end();
});

it('iris up --redis: the bundled edges of a local fleet tell it who is connected; a wrong flag is refused before anything starts', async () => {
  const refused = await runIris(['up', 'proof', '--redis', '127.0.0.1:1,127.0.0.1:2']);
  expect([refused.code, refused.stderr]).toEqual([
    2,
    expect.stringMatching(/--redis is '.*', it must be host:port, or cluster: or sentinel:/),
  ]);
  const state = join(folder, 'up');
  const args = [
    'up',
    'proof',
    '--shrink',
    '--json',
    '--state',
    state,
    '--base-port',
    String(await freePortRow()),
    '--redis',
    redis.addresses[0] as string,
  ];
  const up = startIris([...args, '--limits']);
  try {
    const { nodes } = JSON.parse(await up.line('stdout', /^\{"ready":true/)) as {
      nodes: { role: string; region: string; listen: { tcp: string } }[];
    };
    const edge = nodes.find(({ role }) => role === 'edge');
    const grace = await V2Client.logIn(edge?.listen.tcp as string, 'grace');
    await until(async () => (await redis.command('node-1', 'keys', '*session:{grace}')) !== '', 'Redis knows grace', 20_000);
    expect((await runIris(['who', 'grace', '--state', state])).stdout).toMatch(new RegExp(`^grace is connected in ${edge?.region} at`));
    grace.send(
      'nobody',
      1,
      Array.from({ length: 100 }, () => 'x'),
    );
    await grace.sent();
    grace.send('nobody', 101, ['one more'], { previous: 100 });
    expect((await grace.fault()).code).toBe('RATE_LIMITED');
    grace.end();
  } finally {
    up.child.kill('SIGTERM');
    await up.ended;
  }
}, 120_000);
