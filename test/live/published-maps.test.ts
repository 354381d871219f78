/**
 * F17, F18, F19, F20, L1-L4: a deployed environment’s map is published in etcd or behind a pointer in SSM; nodes watch it, and operators’ commands change it
 * and find the nodes by DNS, under load, while commands, the register and a region are killed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { DnsmasqServer } from '../../infra/local/engines/dnsmasq.ts';
import { EtcdServer } from '../../infra/local/engines/etcd.ts';
import { readSlotMap } from '../../runtime/contract/slot-map.ts';
import { asPlanned } from '../../runtime/contract/slot-map-planned.ts';
import type { SlotMap } from '../../runtime/contract/slot-map-schema.ts';
import { until } from '../servers/node-pair.ts';
import { EmulatedAws } from '../services/aws/emulated-aws.ts';
import { LiveFleet } from './live-fleet.ts';
import { report, seeded, Traffic } from './traffic.ts';

const folder = mkdtempSync(join(tmpdir(), 'iris-published-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const USERS = Array.from({ length: 30 }, (_, i) => `user-${i}`);
const IRIS = resolve(__dirname, '../../bin/iris.js');

interface End {
  readonly code: number | null;
  readonly said: string;
  readonly last: string;
}

/** A command as an operator runs it; `midway` comes once it waits for the cores. */
async function iris(
  args: readonly string[],
  options: { env?: Record<string, string>; midway?: (child: ChildProcess) => unknown } = {},
): Promise<End> {
  const child = spawn(process.execPath, [IRIS, ...args], {
    cwd: folder,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit') as Promise<[number | null]>;
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  if (options.midway !== undefined) {
    while (!said.includes('waiting for') && child.exitCode === null) await pause(10);
    await options.midway(child);
  }
  const [code] = await exited;
  return { code, said, last: said.trim().split('\n').at(-1) ?? '' };
}

/** Commands run one after the other with traffic of all users on all edges; the history is judged at the end. */
async function underLoad(fleet: LiveFleet, row: string, drill: (traffic: Traffic) => Promise<void>): Promise<void> {
  const traffic = new Traffic((user) => {
    const edges = fleet.edges.map((edge) => fleet.address(edge));
    return Number(user.split('-')[1]) % 2 === 0 ? edges : edges.toReversed();
  });
  for (const user of USERS) await traffic.read(user);
  const stop = new AbortController();
  const running = traffic.run(seeded(), { from: USERS, to: USERS, perSecond: 150, signal: stop.signal });
  try {
    await pause(500);
    await drill(traffic);
    await pause(500);
  } finally {
    stop.abort();
    await running;
  }
  await traffic.drained();
  await traffic.close();
  traffic.judge(row);
}

const versions = (fleet: LiveFleet) =>
  Promise.all([...fleet.edges, ...fleet.cores].map((node) => fleet.metric(node, 'iris_slot_map_version')));

describe('published in etcd', () => {
  const service = '_iris-admin._tcp.core.test';
  let etcd: EtcdServer;
  let dns: DnsmasqServer;
  let fleet: LiveFleet;
  let place: string;
  let flags: string[];

  beforeAll(async () => {
    etcd = await EtcdServer.start(join(folder, 'etcd'));
    place = `etcd://${etcd.address}/iris/live/slot-map`;
    fleet = await LiveFleet.start({
      regions: { tokyo: { edges: 1, cores: 2 }, oslo: { edges: 1, cores: 1 } },
      fields: (node) => ({ slotMap: place, slotMapPath: `${node}-slot-map.json` }),
      async published(map) {
        writeFileSync(join(folder, 'first.json'), JSON.stringify(map));
        const { code, last } = await iris(['slot-map', place, '--publish', 'first.json']);
        if (code !== 0) throw new Error(last);
      },
    });
    dns = await DnsmasqServer.start(
      join(folder, 'dns'),
      [...fleet.cores, ...fleet.edges].map((node) => ({
        service,
        host: '127.0.0.1',
        port: Number(fleet.adminAddress(node).split(':')[1]),
      })),
    );
    flags = ['--slot-map', place, '--admin', `srv:${service}@${dns.address}`];
  }, 90_000);
  afterAll(async () => {
    await fleet?.stop();
    await dns?.stop();
    await etcd?.stop();
  }, 60_000);

  /** Those whose inbox is in the region by the map that is published. */
  async function livingIn(region: string): Promise<string[]> {
    const { said } = await iris(['slot-map', place]);
    const slots = readSlotMap(JSON.parse(said.slice(said.indexOf('{'))));
    return USERS.filter((user) => slots.homeOfUser(Buffer.from(user)).region === region);
  }

  it('reshards 12 to 24, the command and etcd killed midway: nothing is lost, and of two operators one is refused (F17, F18)', async () => {
    await underLoad(fleet, 'F18 etcd', async () => {
      await iris(['reshard', 'live', '--shards', '24', ...flags], { midway: (child) => child.kill('SIGKILL') });
      await etcd.kill();
      await pause(1_000);
      expect((await iris(['reshard', 'live', '--shards', '24', ...flags])).last).toMatch(
        /ENGINE_UNAVAILABLE: etcd 127\.0\.0\.1:\d+ does not answer/,
      );
      await etcd.restart();
      const done = await iris(['reshard', 'live', '--shards', '24', ...flags]);
      report(`F18 etcd: ${done.last}`);
      expect([done.code, done.last]).toEqual([0, expect.stringMatching(/^24 shards by slot map 3; nobody is left to move/)]);
      const both = await Promise.all([
        iris(['home', 'user-1', '--region', 'oslo', ...flags]),
        iris(['home', 'user-2', '--region', 'tokyo', ...flags]),
        iris(['home', 'user-3', '--region', 'oslo', ...flags]),
      ]);
      expect(both.map(({ code }) => code)).toContain(0);
      for (const { code, last } of both) if (code !== 0) expect(last).toMatch(/another command publishes|has a move under way/);
    });
    const [version] = await versions(fleet);
    expect(await versions(fleet)).toEqual(Array.from({ length: 5 }, () => version));
  }, 120_000);

  it('fails a killed region over and back (F19), and a core that starts while etcd is away begins with its last good map (F20)', async () => {
    await underLoad(fleet, 'F19 etcd', async (traffic) => {
      await Promise.all(['oslo-core-0', 'oslo-edge-0'].map((node) => fleet.process(node).kill()));
      traffic.history.record({
        event: 'stranded',
        users: await livingIn('oslo'),
      });
      const over = await iris(['failover', 'oslo', ...flags]);
      expect([over.code, over.last]).toEqual([0, expect.stringMatching(/oslo is failed over by slot map/)]);
      await etcd.kill();
      await fleet.startNode('oslo-core-0');
      expect(fleet.process('oslo-core-0').said).toMatch(/slot-map-source-away/);
      await etcd.restart();
      await fleet.startNode('oslo-edge-0');
      const back = await iris(['failback', 'oslo', ...flags]);
      report(`F19 etcd: ${over.last}; ${back.last}`);
      expect([back.code, back.last]).toEqual([0, expect.stringMatching(/oslo has its users by slot map/)]);
    });
  }, 120_000);
});

describe('published in S3, behind a pointer in SSM', () => {
  const place = 'ssm://us-east-1/iris/live/slot-map';
  let aws: EmulatedAws;
  let env: Record<string, string>;
  let fleet: LiveFleet;

  /** What a deployment of the global stack leaves behind. */
  async function deployed(map: SlotMap): Promise<void> {
    const text = JSON.stringify(map);
    const sha256 = createHash('sha256').update(text).digest('hex');
    const settings = {
      endpoint: env['AWS_ENDPOINT_URL'] as string,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    };
    const s3 = new S3Client(settings);
    await s3.send(new CreateBucketCommand({ Bucket: 'assets' }));
    await s3.send(new PutObjectCommand({ Bucket: 'assets', Key: `${sha256}.slotmap`, Body: text }));
    const Value = JSON.stringify({ bucket: 'assets', key: `${sha256}.slotmap`, sha256 });
    await new SSMClient(settings).send(new PutParameterCommand({ Name: '/iris/live/slot-map', Type: 'String', Value }));
  }

  beforeAll(async () => {
    aws = await EmulatedAws.start();
    env = { ...aws.env, AWS_ENDPOINT_URL: aws.endpoint.replace('localhost', '127.0.0.1') };
    fleet = await LiveFleet.start({
      regions: { tokyo: { edges: 1, cores: 2 } },
      fields: (node) => ({ slotMap: `${place}?every=1`, slotMapPath: `${node}-slot-map.json` }),
      started: () => ({ env }),
      published: deployed,
    });
  }, 120_000);
  afterAll(async () => {
    await fleet?.stop();
    await aws?.stop();
  }, 60_000);

  it('a core leaves and joins again, its nodes given by address, two operators at once: nothing is lost (F17, F18)', async () => {
    const flags = ['--slot-map', place, '--admin', fleet.cores.map((core) => fleet.adminAddress(core)).join(',')];
    await underLoad(fleet, 'F18 SSM', async () => {
      const both = await Promise.all(['tokyo-core-0', 'tokyo-core-1'].map((core) => iris(['leave', core, ...flags], { env })));
      expect(both.filter(({ code }) => code === 0)).toHaveLength(1);
      const gone = both.findIndex(({ code }) => code === 0);
      expect(both[gone]?.last).toMatch(/owns nothing by slot map 3/);
      expect(both[1 - gone]?.last).toMatch(/another command publishes|has a move under way|last of its region/);
      const joined = await iris(['join', `tokyo-core-${gone}`, ...flags], { env });
      report(`F18 SSM: ${both[gone]?.last}; ${joined.last}`);
      expect(joined.last).toMatch(/owns 4 of 8 shards by slot map 5/);
    });
    await until(async () => String(await versions(fleet)) === '5,5,5', 'every node has version 5', 10_000);
  }, 120_000);

  it('a group that has left goes from the map before its core does, and comes back into it without anybody moving', async () => {
    const flags = ['--slot-map', place, '--admin', fleet.cores.map((core) => fleet.adminAddress(core)).join(',')];
    const published = async () => {
      const { said } = await iris(['slot-map', place], { env });
      return JSON.parse(said.slice(said.indexOf('{'))) as SlotMap;
    };
    const publish = async (map: SlotMap | undefined) => {
      writeFileSync(join(folder, 'next.json'), JSON.stringify(map));
      expect((await iris(['slot-map', place, '--publish', 'next.json'], { env })).code).toBe(0);
      await until(async () => new Set([...(await versions(fleet)), map?.version]).size === 1, 'every node has it', 10_000);
    };
    await underLoad(fleet, 'R3 SSM', async () => {
      expect((await iris(['leave', 'tokyo-core-1', ...flags], { env })).code).toBe(0);
      const left = await published();
      const [region] = left.regions;
      await publish(asPlanned(left, { ...left, regions: [{ ...region!, groups: region!.groups.slice(0, 1) }] }));
      await publish(asPlanned(await published(), { ...left, version: 1 }));
      expect((await iris(['join', 'tokyo-core-1', ...flags], { env })).last).toMatch(/owns 4 of 8 shards/);
    });
  }, 120_000);
});
