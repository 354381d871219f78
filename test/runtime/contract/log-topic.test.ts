import { kafkaSettings } from '../../../runtime/contract/kafka-settings.ts';
import { keepsSetting, logTopicName, logTopicSettings, replicasInSync, type TopicSetting } from '../../../runtime/contract/log-topic.ts';

it('a log’s topic is named by environment and group', () => {
  expect(logTopicName({ environment: 'proof', group: 'tokyo-1' })).toBe('iris.proof.tokyo-1');
});

it('all copies but one acknowledge, and one at least (D2q)', () => {
  expect([1, 2, 3, 5].map(replicasInSync)).toEqual([1, 1, 2, 4]);
  expect(logTopicSettings(3)).toContainEqual({ name: 'min.insync.replicas', value: '2', rule: 'least' });
});

it.each([
  ['least', '100', '100', true],
  ['least', '100', '101', true],
  ['least', '100', '-1', true],
  ['least', '100', '99', false],
  ['equal', 'delete', 'compact', false],
  ['equal', '-1', '100', false],
  ['free', '1', '2', true],
] as const)('a setting that wants %s %s is kept by %s: %s', (rule, wanted, value, isKept) => {
  const setting: TopicSetting = { name: 'x', value: wanted, rule };
  expect(keepsSetting(setting, value)).toBe(isKept);
});

it.each([
  ['no broker', { brokers: [] }, ['brokers']],
  ['a broker that is no address', { brokers: ['kafka://a:9092'] }, ['brokers', 0]],
  ['a certificate without TLS', { brokers: ['a:9092'], caPath: 'ca.pem' }, ['caPath']],
  ['an IAM login without TLS', { brokers: ['a:9092'], login: { kind: 'iam', awsRegion: 'eu-central-1' } }, ['login']],
  ['a login of no kind', { brokers: ['a:9092'], login: { kind: 'plain' } }, ['login', 'kind']],
  ['a region that is none', { brokers: ['a:9092'], tls: true, login: { kind: 'iam', awsRegion: 'Frankfurt' } }, ['login', 'awsRegion']],
])('settings fail on %s', (_, settings, path) => {
  expect(kafkaSettings.safeParse(settings).error?.issues.map((issue) => issue.path)).toEqual([path]);
});
