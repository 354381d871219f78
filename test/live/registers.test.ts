/** R6, F17, F20: where slot maps are published and nodes are listed, each on its real server: etcd, SSM with S3 and Cloud Map (moto), DNS (dnsmasq). */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  CreateHttpNamespaceCommand,
  CreateServiceCommand,
  GetOperationCommand,
  RegisterInstanceCommand,
  ServiceDiscoveryClient,
} from '@aws-sdk/client-servicediscovery';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { DnsmasqServer } from '../../infra/local/engines/dnsmasq.ts';
import { EtcdServer } from '../../infra/local/engines/etcd.ts';
import { cloudMapAddresses } from '../../runtime/adapters/discovery/cloud-map.ts';
import { serviceAddresses } from '../../runtime/adapters/discovery/srv-records.ts';
import { EtcdRegister } from '../../runtime/adapters/slot-maps/etcd-register.ts';
import { SsmRegister } from '../../runtime/adapters/slot-maps/ssm-register.ts';
import { PUBLISHED_ENDING } from '../../runtime/contract/slot-map-place.ts';
import { describeSlotMapRegisterContract, mapOf } from '../contract/slot-map-register-contract.ts';
import { EmulatedAws } from '../services/aws/emulated-aws.ts';

const folder = mkdtempSync(join(tmpdir(), 'iris-registers-'));
const KEY = 'iris/unit/slot-map';
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function ask(etcd: EtcdServer, path: string, input: object, token?: string): Promise<unknown> {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: token };
  const response = await fetch(`http://${etcd.address}${path}`, { method: 'POST', headers, body: JSON.stringify(input) });
  if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
  return await response.json();
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

describeSlotMapRegisterContract('etcd', async () => {
  const etcd = await EtcdServer.start(join(folder, 'etcd'));
  return {
    open: () => new EtcdRegister({ endpoints: [`http://${etcd.address}`], key: KEY }),
    damage: async () => void (await ask(etcd, '/v3/kv/put', { key: base64(KEY), value: base64('{"format":') })),
    heardWithinMs: 5_000,
    isMade: false,
    dispose: () => etcd.stop(),
  };
});

describe('etcd', () => {
  let etcd: EtcdServer;
  beforeAll(async () => {
    etcd = await EtcdServer.start(join(folder, 'etcd-users'));
  });
  afterAll(() => etcd?.stop());

  it('tells who waits after kill -9 and its return, and keeps what it had taken', async () => {
    const register = new EtcdRegister({ endpoints: [`http://${etcd.address}`], key: KEY });
    expect(await register.publish(mapOf(1), undefined)).toBe(true);
    const first = await register.read();
    const cut = register.next(first?.revision, new AbortController().signal).catch((error: unknown) => error);
    await new Promise((done) => setTimeout(done, 300));
    await etcd.kill();
    expect([await cut, await register.read().catch((error: unknown) => error)]).toEqual([
      expect.anything(),
      expect.objectContaining({ code: 'ENGINE_UNAVAILABLE' }),
    ]);
    await etcd.restart();
    expect((await register.read())?.document).toEqual(mapOf(1));
    const heard = register.next(first?.revision, new AbortController().signal);
    expect(await register.publish(mapOf(2), first?.revision)).toBe(true);
    expect((await heard)?.document).toEqual(mapOf(2));
  });

  it('takes the right password, and names the file of a wrong one without saying it', async () => {
    await ask(etcd, '/v3/auth/user/add', { name: 'root', password: 'the-right-one' });
    await ask(etcd, '/v3/auth/role/add', { name: 'root' });
    await ask(etcd, '/v3/auth/user/grant', { user: 'root', role: 'root' });
    await ask(etcd, '/v3/auth/enable', {});
    const credentialsPath = join(folder, 'etcd.json');
    const open = () => new EtcdRegister({ endpoints: [`http://${etcd.address}`], key: KEY, credentialsPath });
    writeFileSync(credentialsPath, JSON.stringify({ username: 'root', password: 'a-wrong-one' }));
    const refused = open().read();
    await expect(refused).rejects.toMatchObject({ code: 'ENGINE_INVALID', message: expect.stringMatching(/no login of root.*etcd\.json/) });
    await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining('a-wrong-one') });
    await expect(new EtcdRegister({ endpoints: [`http://${etcd.address}`], key: KEY }).read()).rejects.toMatchObject({
      code: 'ENGINE_INVALID',
    });
    writeFileSync(credentialsPath, JSON.stringify({ username: 'root', password: 'the-right-one' }));
    const register = open();
    const found = await register.read();
    expect(found?.document).toEqual(mapOf(2));
    const heard = register.next(found?.revision, new AbortController().signal);
    expect(await open().publish(mapOf(3), found?.revision)).toBe(true);
    expect((await heard)?.document).toEqual(mapOf(3));
  });

  it('refuses a map above its 1.5 MB as one line', async () => {
    const register = new EtcdRegister({ endpoints: [`http://${etcd.address}`], key: 'large', credentialsPath: join(folder, 'etcd.json') });
    await expect(register.publish({ ...mapOf(1), environment: 'x'.repeat(2_000_000) }, undefined)).rejects.toMatchObject({
      code: 'ENGINE_INVALID',
      message: expect.stringMatching(/too large/),
    });
  });
});

describe('AWS', () => {
  const PARAMETER = '/iris/unit/slot-map';
  const region = 'us-east-1';
  let aws: EmulatedAws;
  const before = { ...process.env };

  beforeAll(async () => {
    aws = await EmulatedAws.start();
    Object.assign(process.env, aws.env, { AWS_ENDPOINT_URL: aws.endpoint.replace('localhost', '127.0.0.1') });
  }, 90_000);
  afterAll(async () => {
    process.env = before;
    await aws?.stop();
  });

  const pointer = (text: string) =>
    JSON.stringify({ bucket: 'assets', key: 'first.slotmap', sha256: createHash('sha256').update(text).digest('hex') });

  /** What a deployment leaves behind. */
  async function deploy(text: string, { hashed = text, parameter: Name = PARAMETER } = {}): Promise<void> {
    await new S3Client({ region }).send(new PutObjectCommand({ Bucket: 'assets', Key: 'first.slotmap', Body: text }));
    const parameter = { Name, Type: 'String', Value: pointer(hashed), Overwrite: true } as const;
    await new SSMClient({ region }).send(new PutParameterCommand(parameter));
  }

  describeSlotMapRegisterContract('SSM with S3', async () => {
    await new S3Client({ region }).send(new CreateBucketCommand({ Bucket: 'assets' }));
    await deploy(JSON.stringify(mapOf(1)));
    return {
      open: () => new SsmRegister({ awsRegion: region, parameter: PARAMETER, everySeconds: 1 }),
      damage: () => deploy('{"format":', { parameter: `${PARAMETER}${PUBLISHED_ENDING}` }),
      heardWithinMs: 10_000,
      isMade: true,
      dispose: async () => undefined,
    };
  });

  it('a deployment after it does not overwrite what was published', async () => {
    await deploy(JSON.stringify(mapOf(1)), { parameter: '/iris/again' });
    const open = () => new SsmRegister({ awsRegion: region, parameter: '/iris/again' });
    expect(await open().publish(mapOf(2), (await open().read())?.revision)).toBe(true);
    const before = await open().read();
    expect(before?.revision).toMatch(/^published-/);
    await deploy(JSON.stringify(mapOf(9)), { parameter: '/iris/again' });
    expect(await open().read()).toEqual(before);
  });

  it('a map that is not what its pointer says is refused (L12)', async () => {
    await deploy(JSON.stringify(mapOf(1)), { hashed: JSON.stringify(mapOf(2)), parameter: '/iris/damaged' });
    await expect(new SsmRegister({ awsRegion: region, parameter: '/iris/damaged' }).read()).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
      message: expect.stringMatching(/has sha256 \w+, the pointer says/),
    });
  });

  it('what a publisher left between its two steps is finished by the next one, and not by one that comes at once', async () => {
    await deploy(JSON.stringify(mapOf(1)), { parameter: '/iris/left' });
    class Dying extends SsmRegister {
      protected override point(): Promise<void> {
        return Promise.reject(new Error('killed'));
      }
    }
    const from = (await new SsmRegister({ awsRegion: region, parameter: '/iris/left' }).read())?.revision;
    await expect(new Dying({ awsRegion: region, parameter: '/iris/left' }).publish(mapOf(2), from)).rejects.toThrow('killed');
    const register = new SsmRegister({ awsRegion: region, parameter: '/iris/left' });
    expect(await register.publish(mapOf(2, 1), from)).toBe(false);
    expect((await register.read())?.document).toEqual(mapOf(1));
    const patient = new SsmRegister({ awsRegion: region, parameter: '/iris/left', claimMs: 0 });
    expect(await patient.publish(mapOf(2, 1), from)).toBe(false);
    expect((await register.read())?.document).toEqual(mapOf(2));
  });

  it('Cloud Map tells the nodes that have listed themselves', async () => {
    const client = new ServiceDiscoveryClient({ region });
    const { OperationId = '' } = await client.send(new CreateHttpNamespaceCommand({ Name: 'iris-unit-tokyo' }));
    const { Operation } = await client.send(new GetOperationCommand({ OperationId }));
    const NamespaceId = Operation?.Targets?.NAMESPACE ?? '';
    const { Service } = await client.send(new CreateServiceCommand({ Name: 'core', NamespaceId }));
    for (const [instance, ipv4] of [
      ['tokyo-g0-a', '10.0.0.5'],
      ['tokyo-g1-a', '10.0.0.6'],
    ] as const) {
      const Attributes = { AWS_INSTANCE_IPV4: ipv4, AWS_INSTANCE_PORT: '7400', group: instance.slice(0, 8) };
      await client.send(new RegisterInstanceCommand({ ServiceId: Service?.Id, InstanceId: instance, Attributes }));
    }
    const service = { awsRegion: region, namespace: 'iris-unit-tokyo', service: 'core' };
    // The emulator has no name for the host prefix of this call.
    const addresses = await cloudMapAddresses(service, ({ ipv4, port, group }) => `${group} ${ipv4}:${port}`, { disableHostPrefix: true });
    expect(addresses.toSorted()).toEqual(['tokyo-g0 10.0.0.5:7400', 'tokyo-g1 10.0.0.6:7400']);
  });
});

describe('DNS', () => {
  it('tells the targets of a service by priority and weight, none of an unknown one, and what a name server that is gone means (F20)', async () => {
    const service = '_iris-admin._tcp.core.test';
    const dnsmasq = await DnsmasqServer.start(join(folder, 'dns'), [
      { service, host: 'last.test', port: 3, priority: 20, weight: 90 },
      { service, host: 'second.test', port: 2, priority: 10, weight: 10 },
      { service, host: 'first.test', port: 1, priority: 10, weight: 60 },
    ]);
    try {
      expect(await serviceAddresses(service, dnsmasq.address)).toEqual(['first.test:1', 'second.test:2', 'last.test:3']);
      expect(await serviceAddresses('_other._tcp.core.test', dnsmasq.address)).toEqual([]);
      await dnsmasq.serve([{ service, host: 'moved.test', port: 4 }]);
      expect(await serviceAddresses(service, dnsmasq.address)).toEqual(['moved.test:4']);
    } finally {
      await dnsmasq.kill();
    }
    await expect(serviceAddresses(service, dnsmasq.address)).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
  });
});
