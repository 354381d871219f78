/** R21, L12, A1, A11: what a node is told is checked once, with every problem named, before anything starts. */
import fc from 'fast-check';
import { checkNodeConfig, mergePatch, readNodeConfig } from '../../../runtime/contract/node-config.ts';

const shared = {
  format: 'iris-node/1',
  environment: 'unit',
  region: 'tokyo',
  node: 'tokyo-edge-0',
  local: true,
  slotMapPath: 'slot-map.json',
  admin: { host: '127.0.0.1', port: 9_400 },
};
const edge = { ...shared, role: 'edge', client: { host: '127.0.0.1', port: 8_443 }, authentication: { kind: 'none' } };
const core = {
  ...shared,
  role: 'core',
  node: 'tokyo-core-0',
  group: 'tokyo-0',
  link: { host: '::1', port: 0 },
  store: { kind: 'embedded', directory: 'store' },
};
const token = { kind: 'token', issuer: 'i', audience: 'a', keysPath: 'keys.pem' };

it('takes good documents and fills in the defaults', () => {
  expect([checkNodeConfig(edge), checkNodeConfig(core), checkNodeConfig({ ...edge, local: false, authentication: token })]).toEqual([
    [],
    [],
    [],
  ]);
  expect(readNodeConfig(edge, {})).toMatchObject({ node: 'tokyo-edge-0', drainTimeoutMs: 10_000, connectionsMax: 100_000, addresses: {} });
});

const engines = {
  kind: 'distributed',
  kafka: { brokers: ['k1:9092', 'k2'] },
  cql: { contactPoints: ['10.0.0.1'], dataCentre: 'dc1', keyspace: 'iris_unit' },
};

it('takes a store on engines, with the bounds of one on a disk, and brokers by name or from a variable (R21)', () => {
  expect(readNodeConfig({ ...core, store: engines }, {})).toMatchObject({
    store: { kafka: { brokers: ['k1:9092', 'k2'], replicas: 3, tls: false }, inboxEnvelopesMax: 1_048_576 },
  });
  const fromVariable = { ...core, store: { ...engines, kafka: { brokers: { env: 'IRIS_KAFKA_BROKERS' } } } };
  expect(readNodeConfig(fromVariable, { IRIS_KAFKA_BROKERS: 'b-1.kafka:9098, b-2.kafka:9098' })).toMatchObject({
    store: { kafka: { brokers: ['b-1.kafka:9098', 'b-2.kafka:9098'] } },
  });
  expect(() => readNodeConfig(fromVariable, {})).toThrow(/store\.kafka\.brokers .*IRIS_KAFKA_BROKERS, which is unset; it must be host/);
  expect(() => readNodeConfig(fromVariable, { IRIS_KAFKA_BROKERS: 'kafka:9098,' })).toThrow(/which is 'kafka:9098,'/);
});

it.each<[string, unknown, RegExp]>([
  ['a folder of a store on engines', { ...core, store: { ...engines, directory: 'x' } }, /^store: .*directory/],
  ['engines of a store on a disk', { ...core, store: { ...core.store, cql: engines.cql } }, /^store: .*cql/],
  [
    'IAM without TLS',
    { ...core, store: { ...engines, kafka: { brokers: ['k'], login: { kind: 'iam', awsRegion: 'eu-west-1' } } } },
    /iam needs tls/,
  ],
  ['no document', undefined, /^document: /],
  ['a list', [], /^document: /],
  ['no role', { ...edge, role: undefined }, /^role: /],
  ['an unknown role', { ...edge, role: 'relay' }, /^role: /],
  ['another format', { ...edge, format: 'iris-node/2' }, /^format: .*iris-node\/1/],
  ['an environment with capitals', { ...edge, environment: 'Unit' }, /^environment: must be lower-case/],
  ['a node name of 32 characters', { ...edge, node: 'x'.repeat(32) }, /^node: /],
  ['a variable name in lower case', { ...edge, node: { env: 'iris_node' } }, /^node\.env: /],
  ['a port that is no integer', { ...edge, client: { host: '127.0.0.1', port: 80.5 } }, /^client\.port: /],
  ['a port above 65,535', { ...edge, client: { host: '127.0.0.1', port: 65_536 } }, /^client\.port: .*65535/],
  ['a negative port', { ...edge, admin: { host: '127.0.0.1', port: -1 } }, /^admin\.port: /],
  ['no slot map', { ...edge, slotMapPath: '' }, /^slotMapPath: /],
  ['a drain time of over an hour', { ...edge, drainTimeoutMs: 3_600_001 }, /^drainTimeoutMs: .*3600000/],
  ['no connections', { ...edge, connectionsMax: 0 }, /^connectionsMax: /],
  ['unknown authentication', { ...edge, authentication: { kind: 'password' } }, /^authentication\.kind: /],
  ['a token without an issuer', { ...edge, authentication: { ...token, issuer: '' } }, /^authentication\.issuer: /],
  ['an unknown field', { ...edge, conectionsMax: 5 }, /conectionsMax/],
  ['a field of the other role', { ...edge, group: 'tokyo-0' }, /group/],
  ['no group', { ...core, group: undefined }, /^group: /],
  ['another kind of store', { ...core, store: { kind: 'scylla', directory: 'x' } }, /^store\.kind: /],
  ['a store without a folder', { ...core, store: { kind: 'embedded', directory: '' } }, /^store\.directory: /],
  [
    'authentication none outside a local environment',
    { ...edge, local: false },
    /^authentication\.kind: none is allowed only where local is true; use token/,
  ],
  [
    'a local edge open to the network',
    { ...edge, client: { host: '10.0.0.1', port: 1 } },
    /^client\.host: 10\.0\.0\.1 is open to the network/,
  ],
  ['a local core open to the network', { ...core, link: { host: '0.0.0.0', port: 1 } }, /^link\.host: 0\.0\.0\.0 is open/],
  ['a local admin listener open to the network', { ...core, admin: { host: '::', port: 1 } }, /^admin\.host: :: is open/],
])('refuses %s with the field and what is wrong', (_, document, message) => {
  expect(checkNodeConfig(document)).toEqual([expect.stringMatching(message)]);
  expect(() => readNodeConfig(document, {})).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
});

it('names every problem at once', () => {
  const problems = checkNodeConfig({ ...edge, region: '', client: { host: '', port: 70_000 }, drainTimeoutMs: -1 });
  const fields = new Set(problems.map((problem) => problem.split(':')[0]));
  expect(fields).toEqual(new Set(['client.host', 'client.port', 'drainTimeoutMs', 'region']));
});

describe('names from the environment (R21)', () => {
  const document = { ...core, node: { env: 'IRIS_NODE' }, group: { env: 'IRIS_GROUP' } };

  it('let one document serve a fleet', () => {
    expect(readNodeConfig(document, { IRIS_NODE: 'tokyo-core-7', IRIS_GROUP: 'tokyo-7' })).toMatchObject({
      node: 'tokyo-core-7',
      group: 'tokyo-7',
    });
  });

  it.each([
    [{ IRIS_GROUP: 'tokyo-7' }, /node comes from the variable IRIS_NODE, which is unset/],
    [{ IRIS_NODE: 'tokyo-core-7' }, /group comes from the variable IRIS_GROUP, which is unset/],
    [{ IRIS_NODE: '', IRIS_GROUP: 'tokyo-7' }, /IRIS_NODE, which is ''/],
    [{ IRIS_NODE: 'x', IRIS_GROUP: '../etc' }, /IRIS_GROUP, which is '\.\.\/etc'; it must be lower-case letters/],
  ])('are refused when they are unset or no names: %j', (env, message) => {
    expect(() => readNodeConfig(document, env)).toThrow(message);
  });
});

describe('mergePatch (RFC 7396)', () => {
  it.each<[unknown, unknown, unknown]>([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, null, null],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('merges as in the standard’s appendix: %j with %j', (target, patch, result) => {
    expect(mergePatch(target, patch)).toEqual(result);
  });

  it('is idempotent, leaves its inputs alone, and touches no prototype', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (target, patch) => {
        const [before, patchBefore] = [JSON.stringify(target), JSON.stringify(patch)];
        const once = mergePatch(target, patch);
        expect(mergePatch(once, patch)).toEqual(once);
        expect([JSON.stringify(target), JSON.stringify(patch)]).toEqual([before, patchBefore]);
      }),
    );
    mergePatch({}, JSON.parse('{"__proto__": {"polluted": true}}'));
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});
