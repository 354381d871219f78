/**
 * From `cdk deploy` to a delivered message: the user data of the deployed launch templates runs in clean Debian roots, against the emulated
 * AWS that holds the parameters, documents, packages, volumes and records of the deployment.
 *
 * Not as in a real account: Node for this machine’s processor in place of the one for arm64, so the hash in the user data is that Node’s;
 * Debian in place of Amazon Linux; and the test starts what the installed units say in place of systemd, which does not run in a root.
 */
import { type ChildProcess, execFile } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { ListHostedZonesCommand, ListResourceRecordSetsCommand, Route53Client } from '@aws-sdk/client-route-53';
import type { Environment } from '../../environments/environment.ts';
import { proof } from '../../environments/proof.ts';
import { PINNED_NODE } from '../../infra/package/pinned-node.ts';
import { createPlan } from '../../infra/plan/create-plan.ts';
import { secretsIn } from '../infra/laws/secrets.ts';
import { until } from '../servers/node-pair.ts';
import { tokenOf } from '../servers/tokens.ts';
import { type CommandEnd, MachineRoom } from '../services/machine-room.ts';
import { CdkDeployment } from './cdk-deployment.ts';

const execute = promisify(execFile);
const iris = resolve(__dirname, '../../bin/iris.js');
const tokyo: Environment = { ...proof, dailyActiveUsers: 250_000, regions: [{ ...proof.regions[0]!, edges: 1 }] };
const plan = createPlan(tokyo);
const { awsRegion } = plan.regions[0]!;

interface Machine {
  readonly role: 'edge' | 'core';
  readonly instance: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly userData: string;
}

describe('a deployed region boots', () => {
  const cloud = new CdkDeployment();
  const keys = generateKeyPairSync('ed25519');
  const node = readFileSync(process.execPath);
  const logs: string[] = [];
  let room: MachineRoom;
  let machines: Readonly<Record<'edge' | 'core', Machine>>;

  beforeAll(async () => {
    await cloud.start({}, node);
    cloud.bootstrap(tokyo);
    const deployed = cloud.deploy(cloud.fileOf(tokyo, 'tokyo'));
    if (deployed.status !== 0) throw new Error(deployed.output);
    const pem = keys.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    await cloud.aws.setParameter(awsRegion, plan.names.tokenKeysParameter, pem);
    const found = await machinesOf(cloud);
    machines = { edge: found.find(({ role }) => role === 'edge')!, core: found.find(({ role }) => role === 'core')! };
    room = await MachineRoom.open({
      awsPort: cloud.aws.port,
      machines: [machines.core, machines.edge].map(({ role, instance, tags }) => ({ name: role, metadata: metadataOf(instance, tags) })),
    });
  }, 400_000);

  afterAll(async () => {
    await room?.close();
    await cloud.stop();
  }, 60_000);

  /** Runs the user data as cloud-init does. */
  async function boot(role: 'edge' | 'core', userData: string): Promise<CommandEnd> {
    room.write(role, '/var/lib/cloud/user-data', userData);
    const end = await room.run(role, '/var/lib/cloud/user-data');
    logs.push(end.output);
    return end;
  }

  async function said(role: 'edge' | 'core', script: string): Promise<string> {
    return (await room.run(role, script)).output.trim();
  }

  /** What the unit would do: refresh as root, then the node as its user. Resolves with its ready line. */
  async function startUnit(role: 'edge' | 'core'): Promise<{ readonly listen: Readonly<Record<string, string>> }> {
    const unit = (await room.run(role, 'cat /etc/systemd/system/iris.service /etc/iris/node.env')).output;
    const setting = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(unit)![1]!;
    const refreshed = await room.run(role, setting('ExecStartPre').replace(/^\+/, ''));
    logs.push(refreshed.output);
    expect(refreshed).toMatchObject({ status: 0 });
    const variables = [...unit.matchAll(/^(IRIS_\w+=.*)$/gm)].map((match) => match[1]!);
    const child = room.start(role, setting('User'), ['env', ...variables, ...setting('ExecStart').split(' ')]);
    keepLog(child);
    const line = await Promise.race([once(createInterface(child.stdout!), 'line'), once(child, 'exit')]);
    if (typeof line[0] !== 'string') throw new Error(`the ${role} ended: ${logs.join('')}`);
    return JSON.parse(line[0]) as { listen: Record<string, string> };
  }

  function keepLog(child: ChildProcess): void {
    for (const stream of [child.stdout, child.stderr]) stream!.on('data', (chunk: Buffer) => logs.push(chunk.toString()));
  }

  it('not, as long as Node is another one than its user data says: the hash is checked before anything is installed (A20)', async () => {
    const { status, output } = await boot('edge', machines.edge.userData);
    expect(output).toMatch(new RegExp(`node has sha256 \\w+, expected ${PINNED_NODE.sha256}: refused`));
    expect(status).not.toBe(0);
    expect((await room.run('edge', 'ls /etc/systemd/system/iris.service')).status).not.toBe(0);
  }, 120_000);

  it('with the right one: the package is unpacked, the volume mounted, the units installed and enabled, the kernel set', async () => {
    const sha256 = createHash('sha256').update(node).digest('hex');
    const attached = until(async () => (await volumeState(cloud, machines.core)) === 'in-use', 'the volume is attached', 200_000).then(() =>
      room.addDisk('core', deviceOf(machines.core)),
    );
    room.write('core', '/var/lib/cloud/user-data', withNode(machines.core, sha256));
    const core = room.start('core', 'root', ['/var/lib/cloud/user-data']);
    keepLog(core);
    const [[status]] = await Promise.all([once(core, 'exit') as Promise<[number]>, attached]);
    if (status !== 0) throw new Error(logs.join(''));
    expect(await said('core', 'stat -f -c %T /var/lib/iris/store')).toBe('xfs');
    const edge = await boot('edge', withNode(machines.edge, sha256));
    if (edge.status !== 0) throw new Error(edge.output);
    for (const role of ['core', 'edge'] as const) {
      expect(await said(role, 'systemctl is-enabled iris.service')).toBe('enabled');
      expect(await said(role, 'sha256sum /opt/iris/current/node')).toMatch(new RegExp(`^${sha256} `));
      expect(await said(role, 'cat /proc/sys/net/core/somaxconn')).toBe('8192');
      expect(await said(role, 'cat /etc/iris/node.env')).toContain(`IRIS_NODE=${role}-${machines[role].instance}`);
    }
  }, 300_000);

  it('and delivers a message: pointer, document, hash, slot map, keys and the core’s name come from where the deployment put them (L12)', async () => {
    await startUnit('core');
    // The core registered its name; the edge asks this room’s hosts in place of Route 53.
    const host = machines.core.tags['iris:host']!;
    const address = await addressOf(cloud, host);
    expect(address).toMatch(/^10\./);
    room.write('edge', '/etc/hosts', `127.0.0.1 localhost\n${address} ${host}\n`);
    await startUnit('edge');

    const { authentication } = JSON.parse(await said('edge', 'cat /etc/iris/node.json')) as {
      authentication: { issuer: string | null; audience: string | null };
    };
    const nowSeconds = Math.floor(Date.now() / 1_000);
    const token = (sub: string): string =>
      tokenOf({ sub, iss: authentication.issuer, aud: authentication.audience, iat: nowSeconds, exp: nowSeconds + 600 }, keys.privateKey);
    const at = '127.0.0.1:8443';
    const listen = room.outside('edge', [
      process.execPath,
      iris,
      'listen',
      '--as',
      'bob',
      '--token',
      token('bob'),
      '--count',
      '1',
      '--json',
      '--at',
      at,
    ]);
    const heard = once(createInterface(listen.stdout!), 'line');
    const send = room.outside('edge', [
      process.execPath,
      iris,
      'send',
      '--as',
      'alice',
      '--token',
      token('alice'),
      '--to',
      'bob',
      '--at',
      at,
      'from a boot script',
    ]);
    let answer = '';
    for (const stream of [send.stdout, send.stderr]) stream!.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    const [status] = (await once(send, 'exit')) as [number];
    expect(`${status} ${answer}`).toMatch(/^0 /);
    expect(String((await heard)[0])).toMatch(/alice.*from a boot script|from a boot script.*alice/);
  }, 120_000);

  it('and takes a slot map that an operator publishes in SSM, within its ten seconds (F17)', async () => {
    const place = `ssm://${plan.globalRegion}${plan.names.slotMapParameter}`;
    const env = { ...process.env, ...cloud.aws.env, AWS_ENDPOINT_URL: `http://127.0.0.1:${cloud.aws.port}` };
    const operate = async (...args: string[]) => (await execute(process.execPath, [iris, 'slot-map', place, ...args], { env })).stdout;
    const map = JSON.parse(await operate()) as { version: number };
    const file = join(mkdtempSync(join(tmpdir(), 'iris-map-')), 'next.json');
    writeFileSync(file, JSON.stringify({ ...map, version: map.version + 1 }));
    await operate('--publish', file);
    for (const role of ['core', 'edge'] as const)
      await until(
        async () =>
          new RegExp(`^iris_slot_map_version\\{[^}]*\\} ${map.version + 1}$`, 'm').test(
            await said(role, 'curl -s http://127.0.0.1:9400/metrics'),
          ),
        `the ${role} has it`,
        30_000,
      );
    expect(JSON.parse(await said('edge', 'cat /var/lib/iris/slot-map.json'))).toMatchObject({ version: map.version + 1 });
  }, 90_000);

  it('and has told no secret in its logs (A13)', () => {
    expect(logs.join('').length).toBeGreaterThan(200);
    expect(secretsIn('the logs of both machines', logs.join(''))).toEqual([]);
  });
});

/** The user data for another Node than the pinned one; the object keeps its key. */
function withNode({ userData }: Machine, sha256: string): string {
  return userData.replace(`NODE_SHA256='${PINNED_NODE.sha256}'`, `NODE_SHA256='${sha256}'`);
}

function metadataOf(instance: string, tags: Readonly<Record<string, string>>): Record<string, string> {
  const ofTags = Object.entries(tags).map(([key, value]) => [`tags/instance/${key}`, value]);
  return {
    'instance-id': instance,
    'local-ipv4': '127.0.0.1',
    'autoscaling/target-lifecycle-state': 'InService',
    ...Object.fromEntries(ofTags),
  };
}

/** The instances that Auto Scaling started, with the user data of their launch template. */
async function machinesOf({ aws }: CdkDeployment): Promise<Machine[]> {
  const ec2 = (form: Record<string, string>) => aws.query('ec2', awsRegion, { Version: '2016-11-15', ...form });
  const templates = [...(await ec2({ Action: 'DescribeLaunchTemplates' })).matchAll(/<launchTemplateId>([^<]+)</g)].map(
    (match) => match[1]!,
  );
  const versions = await Promise.all(
    templates.map((id) => ec2({ Action: 'DescribeLaunchTemplateVersions', LaunchTemplateId: id, 'LaunchTemplateVersion.1': '$Latest' })),
  );
  const scripts = versions.map((text) => Buffer.from(/<userData>([^<]+)</.exec(text)![1]!, 'base64').toString('utf8'));
  const instances = (await ec2({ Action: 'DescribeInstances' })).split('<reservationId>').slice(1);
  return instances.flatMap((text) => {
    const tags = Object.fromEntries([...text.matchAll(/<key>([^<]+)<\/key>\s*<value>([^<]*)</g)].map((match) => [match[1]!, match[2]!]));
    const role = tags['iris:role'];
    const userData = scripts.find((script) => script.includes(`\nROLE='${role}'`));
    return (role === 'edge' || role === 'core') && userData !== undefined
      ? [{ role, instance: /<instanceId>([^<]+)</.exec(text)![1]!, tags, userData }]
      : [];
  });
}

function deviceOf({ tags }: Machine): string {
  return `/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${tags['iris:volume']!.replaceAll('-', '')}`;
}

async function volumeState({ aws }: CdkDeployment, { tags }: Machine): Promise<string | undefined> {
  const form = { Action: 'DescribeVolumes', Version: '2016-11-15', 'VolumeId.1': tags['iris:volume']! };
  return /<status>(in-use|available)</.exec(await aws.query('ec2', awsRegion, form))?.[1];
}

/** What Route 53 answers for a name: the A record that a core wrote. */
async function addressOf({ aws }: CdkDeployment, host: string): Promise<string | undefined> {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const route53 = new Route53Client({ endpoint: aws.endpoint, region: 'us-east-1', credentials });
  const { HostedZones = [] } = await route53.send(new ListHostedZonesCommand({}));
  for (const { Id } of HostedZones) {
    const { ResourceRecordSets = [] } = await route53.send(new ListResourceRecordSetsCommand({ HostedZoneId: Id! }));
    const record = ResourceRecordSets.find(({ Name, Type }) => Type === 'A' && Name === `${host}.`);
    if (record !== undefined) return record.ResourceRecords?.[0]?.Value;
  }
  return undefined;
}
