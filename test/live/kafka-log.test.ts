/** The log of a group on a real Kafka broker: the contract, logins and certificates, topics (issue rows L1, L3, L8, A17, F3). */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Admin } from '@platformatic/kafka';
import { systemClock } from '../../runtime/adapters/clock-system.ts';
import { type KafkaLogOptions, openKafkaLog } from '../../runtime/adapters/group-log-kafka.ts';
import { type KafkaSettings, kafkaSettings } from '../../runtime/contract/kafka-settings.ts';
import { LOG_READ_BYTES_MAX } from '../../runtime/contract/limits.ts';
import { logTopicName, logTopicSettings } from '../../runtime/contract/log-topic.ts';
import { Durability } from '../../runtime/wire/durability.ts';
import { describeGroupLogContract } from '../contract/group-log-contract.ts';
import { MemoryTelemetry } from '../fakes/memory-telemetry.ts';
import { makeCertificate, startKafka, type TestKafka } from '../services/kafka.ts';

const user = { username: 'core', password: 'correct horse' };
const folder = mkdtempSync(join(tmpdir(), 'iris-kafka-'));
const { keyPath, caPath } = makeCertificate(folder);
let test: TestKafka;
let topics = 0;

beforeAll(async () => {
  test = await startKafka({ folder, security: { keyPath, user } });
}, 120_000);
afterAll(() => test.dispose());

const newTopic = (): string => logTopicName({ environment: 'test', group: `g${topics++}` });
const plain = (): KafkaSettings => kafkaSettings.parse({ brokers: test.kafka.addresses, replicas: 1 });
const open = (options: Partial<KafkaLogOptions> = {}) =>
  openKafkaLog({
    settings: plain(),
    topic: newTopic(),
    telemetry: new MemoryTelemetry(),
    clock: systemClock,
    timeoutMs: 2_000,
    ...options,
  });

async function asAdmin<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: test.kafka.addresses });
  try {
    return await work(admin);
  } finally {
    await admin.close();
  }
}

describeGroupLogContract('kafka log', async () => {
  const topic = newTopic();
  const log = await open({ topic });
  return {
    log,
    openAgain: () => open({ topic }),
    removeBefore: (offset) =>
      asAdmin(async (admin) => {
        await admin.deleteRecords({ topics: [{ name: topic, partitions: [{ partition: 0, offset: BigInt(offset) }] }] });
      }),
    away: () => test.kafka.killBroker(0),
    back: () => test.kafka.startBroker(0),
    dispose: () => log.close(),
  };
});

it('answers as D1 on one copy, which its broker has before its disk (L1)', async () => {
  const log = await open();
  expect(log.durability).toBe(Durability.D1);
  await log.close();
});

it('a broker that stands still with all its connections open is given up in time, and serves again (F25)', async () => {
  const log = await open();
  await log.append([Buffer.from('before')]);
  test.kafka.signalBroker(0, 'SIGSTOP');
  const startedMs = performance.now();
  try {
    const appends = Array.from({ length: 8 }, () => log.append([Buffer.alloc(log.entryBytesMax)]));
    const outcomes = await Promise.allSettled(appends);
    expect(outcomes.every((outcome) => outcome.status === 'rejected' && outcome.reason.code === 'ENGINE_UNAVAILABLE')).toBe(true);
    expect(performance.now() - startedMs).toBeLessThan(6_000);
  } finally {
    test.kafka.signalBroker(0, 'SIGCONT');
  }
  const last = await log.append([Buffer.from('after')]);
  for await (const part of log.read(last)) expect(part.map(({ body }) => body.toString())).toEqual(['after']);
  await log.close();
});

it('a log is read in parts of LOG_READ_BYTES_MAX, or of one batch (L8)', async () => {
  const log = await open();
  await log.append(Array.from({ length: 120 }, (_, index) => Buffer.alloc(100_000, index)));
  const parts: number[] = [];
  for await (const part of log.read(0)) parts.push(part.reduce((sum, { body }) => sum + body.length, 0));
  expect(parts.reduce((sum, bytes) => sum + bytes, 0)).toBe(12_000_000);
  expect(Math.max(...parts)).toBeLessThanOrEqual(LOG_READ_BYTES_MAX);
  await log.close();
});

describe('kafka log over TLS with SCRAM (A17)', () => {
  const credentials = (name: string, content: object): string => {
    const path = join(folder, name);
    writeFileSync(path, JSON.stringify(content));
    return path;
  };
  const secure = (changes: object = {}): KafkaSettings =>
    kafkaSettings.parse({
      brokers: test.kafka.secureAddresses,
      replicas: 1,
      tls: true,
      caPath,
      login: { kind: 'scram', credentialsPath: credentials('right.json', user) },
      ...changes,
    });
  const failure = async (settings: KafkaSettings): Promise<{ code: string; message: string }> => {
    const startedMs = performance.now();
    const error = await open({ settings, timeoutMs: 1_000 }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(performance.now() - startedMs).toBeLessThan(8_000);
    return error as { code: string; message: string };
  };

  it('appends and reads', async () => {
    const log = await open({ settings: secure() });
    await log.append([Buffer.from('secret')]);
    for await (const part of log.read(0)) expect(part.map(({ body }) => body.toString())).toEqual(['secret']);
    await log.close();
  });

  it('fails with one line that names what is wrong and the remedy, and never with a password', async () => {
    const wrong = credentials('wrong.json', { ...user, password: 'wrong battery' });
    const stranger = credentials('stranger.json', { username: 'nobody', password: 'wrong battery' });
    const other = makeCertificate(mkdtempSync(join(tmpdir(), 'iris-other-')));
    const scram = (credentialsPath: string) => ({ login: { kind: 'scram', credentialsPath } });
    const cases: [KafkaSettings, string, RegExp][] = [
      [secure(scram(wrong)), 'ENGINE_INVALID', /refuses the login; check user and password/],
      [secure(scram(stranger)), 'ENGINE_INVALID', /refuses the login/],
      [secure(scram(join(folder, 'missing.json'))), 'ENGINE_INVALID', /missing\.json cannot be read \(ENOENT\)/],
      [secure(scram(credentials('empty.json', { username: 'core' }))), 'ENGINE_INVALID', /empty\.json has no password/],
      [secure({ caPath: other.caPath }), 'ENGINE_INVALID', /certificate that is not trusted.*caPath/],
      [secure({ caPath: undefined }), 'ENGINE_INVALID', /certificate that is not trusted.*caPath/],
      [secure({ caPath: join(folder, 'no.pem') }), 'ENGINE_INVALID', /no\.pem cannot be read/],
      [secure({ tls: false, caPath: undefined }), 'ENGINE_UNAVAILABLE', /breaks off the login; .* wants `tls`/],
      [secure({ tls: false, caPath: undefined, login: undefined }), 'ENGINE_INVALID', /wants TLS on this port/],
      [secure({ brokers: test.kafka.addresses }), 'ENGINE_UNAVAILABLE', /breaks off the TLS handshake; .* leave out `tls`/],
      [secure({ brokers: test.kafka.addresses, tls: false, caPath: undefined }), 'ENGINE_INVALID', /does not know this kind of login/],
      [kafkaSettings.parse({ brokers: ['127.0.0.1:1'], replicas: 1 }), 'ENGINE_UNAVAILABLE', /127\.0\.0\.1:1 .*ECONNREFUSED/],
      [kafkaSettings.parse({ brokers: ['broker.invalid'], replicas: 1 }), 'ENGINE_UNAVAILABLE', /broker\.invalid.*(ENOTFOUND|EAI_AGAIN)/],
    ];
    for (const [settings, code, message] of cases) {
      const error = await failure(settings);
      expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
      expect(error.message).not.toMatch(/\n|horse|battery/);
    }
  }, 90_000);
});

describe('topic of a log', () => {
  it('is made with the settings that the cluster in the cloud is deployed with, and found by who comes second', async () => {
    const topic = newTopic();
    const logs = await Promise.all([open({ topic }), open({ topic })]);
    const [result] = await asAdmin((admin) => admin.describeConfigs({ resources: [{ resourceType: 2, resourceName: topic }] }));
    const found = new Map(result?.configs.map(({ name, value }) => [name, value]));
    expect(logTopicSettings(1).map(({ name }) => [name, found.get(name)])).toEqual(
      logTopicSettings(1).map(({ name, value }) => [name, value]),
    );
    for (const log of logs) await log.close();
  });

  it.each([
    ['retention that is too short', { 'retention.ms': '60000' }, /has retention\.ms=60000, at least 86400000 is wanted/],
    ['compaction', { 'cleanup.policy': 'compact' }, /has cleanup\.policy=compact, delete is wanted/],
    ['small batches', { 'max.message.bytes': '1000000' }, /has max\.message\.bytes=1000000, at least 2097152 is wanted/],
  ])('fails with %s, and is left as it is', async (_, settings, message) => {
    const topic = newTopic();
    const configs = Object.entries(settings).map(([name, value]) => ({ name, value }));
    await asAdmin((admin) => admin.createTopics({ topics: [topic], partitions: 1, replicas: 1, configs }));
    await expect(open({ topic })).rejects.toMatchObject({ code: 'ENGINE_INVALID', message: expect.stringMatching(message) });
  });

  it('fails with more partitions, with fewer copies than wanted, and with more copies than brokers', async () => {
    const topic = newTopic();
    await asAdmin((admin) => admin.createTopics({ topics: [topic], partitions: 2, replicas: 1 }));
    await expect(open({ topic })).rejects.toMatchObject({ code: 'ENGINE_INVALID', message: expect.stringContaining('has 2 partitions') });
    const log = await open({ topic: newTopic() });
    await log.close();
    const three = { ...plain(), replicas: 3 };
    const once = newTopic();
    await (await open({ topic: once })).close();
    await expect(open({ topic: once, settings: three })).rejects.toMatchObject({
      code: 'ENGINE_INVALID',
      message: expect.stringContaining('has 1 copy, `replicas` wants 3'),
    });
    await expect(open({ settings: three })).rejects.toMatchObject({
      code: 'ENGINE_INVALID',
      message: expect.stringContaining('fewer brokers than copies'),
    });
  });

  it('that is deleted under a log fails its appends with what that means', async () => {
    const topic = newTopic();
    const log = await open({ topic });
    await log.append([Buffer.from('one')]);
    await asAdmin((admin) => admin.deleteTopics({ topics: [topic] }));
    await expect(log.append([Buffer.from('two')])).rejects.toMatchObject({
      code: 'ENGINE_INVALID',
      message: expect.stringContaining('is gone'),
    });
    await log.close();
  });
});
