/** R3, R6: one notation for where a slot map is published, in node configs and commands. */
import { readSlotMapPlace } from '../../../runtime/contract/slot-map-place.ts';

it.each([
  ['slot-map.json', { kind: 'file', path: 'slot-map.json' }],
  ['file:///var/lib/iris/slot-map.json', { kind: 'file', path: '/var/lib/iris/slot-map.json' }],
  ['etcd://10.0.0.1:2379/iris/proof/slot-map', { kind: 'etcd', endpoints: ['http://10.0.0.1:2379'], key: 'iris/proof/slot-map' }],
  [
    'etcds://a.example:2379,[fd00::1]:2379/k?credentials=/etc/iris/etcd.json',
    { kind: 'etcd', endpoints: ['https://a.example:2379', 'https://[fd00::1]:2379'], key: 'k', credentialsPath: '/etc/iris/etcd.json' },
  ],
  ['consul://localhost:8500/iris/slot-map', { kind: 'consul', endpoints: ['http://localhost:8500'], key: 'iris/slot-map' }],
  ['ssm://us-east-1/iris/proof/slot-map', { kind: 'ssm', awsRegion: 'us-east-1', parameter: '/iris/proof/slot-map' }],
  ['ssm://us-gov-west-1/p?every=30', { kind: 'ssm', awsRegion: 'us-gov-west-1', parameter: '/p', everySeconds: 30 }],
  [
    'ssm://us-east-1/p?every=30&role=arn:aws:iam::123456789012:role/iris-proof-slot-map',
    {
      kind: 'ssm',
      awsRegion: 'us-east-1',
      parameter: '/p',
      everySeconds: 30,
      roleArn: 'arn:aws:iam::123456789012:role/iris-proof-slot-map',
    },
  ],
])('%s', (text, place) => {
  expect(readSlotMapPlace(text)).toEqual(place);
});

it.each([
  ['zookeeper://a:1/k', /no place is called zookeeper/],
  ['etcd://a/k', /'a' is not host:port/],
  ['etcd://a:1,b/k', /'b' is not host:port/],
  ['etcd://a:2379', /the key is missing/],
  ['etcd://user:password@a:2379/k', /is not host:port/],
  ['consul://a:8500/k?token=secret', /'token' is unknown here, there is credentials/],
  ['ssm://Virginia/p', /'Virginia' is no AWS region/],
  ['ssm://us-east-1/p?every=0', /every is '0', it must be 1 to 9,999 seconds/],
  ['ssm://us-east-1/p?role=reader', /role is 'reader', it must be the ARN of a role/],
])('%s is refused', (text, reason) => {
  expect(() => readSlotMapPlace(text)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(reason) }));
});
