import { presets } from '../../../environments/presets.ts';
import { createPlan } from '../../../infra/plan/create-plan.ts';
import { nodeConfigsOf } from '../../../infra/plan/node-configs.ts';
import { checkNodeConfig, readNodeConfig } from '../../../runtime/contract/node-config.ts';
import { readSlotMapPlace } from '../../../runtime/contract/slot-map-place.ts';
import { smallEnvironment } from './small-environment.ts';

describe('the node configs of a plan', () => {
  it.each([...presets.values()].map((preset) => [preset.name, preset] as const))('L12: pass the runtime’s validator in %s', (_, preset) => {
    const plan = createPlan(preset);
    for (const { code } of plan.regions) {
      const { edge, core } = nodeConfigsOf(plan, code);
      expect([...checkNodeConfig(edge), ...checkNodeConfig(core)]).toEqual([]);
    }
  });

  it('R21: take the name of the node and its group from variables, so that one document serves a fleet', () => {
    const { edge, core } = nodeConfigsOf(createPlan(smallEnvironment()), 'london');
    const env = { IRIS_NODE: 'london-g0-a', IRIS_GROUP: 'london-g0' };
    expect(readNodeConfig(core, env)).toMatchObject({ role: 'core', node: 'london-g0-a', group: 'london-g0', region: 'london' });
    expect(readNodeConfig(edge, { IRIS_NODE: 'london-edge-7' })).toMatchObject({ role: 'edge', node: 'london-edge-7', local: false });
  });

  it('D2, D5: with the distributed foundation, find the engines of their own region and log in with the rights of their machine', () => {
    const planet = presets.get('planet');
    if (planet === undefined) throw new Error('planet is missing');
    const { edge, core } = nodeConfigsOf(createPlan(planet), 'tokyo');
    const env = {
      IRIS_NODE: 'n',
      IRIS_GROUP: 'tokyo-g0',
      IRIS_KAFKA_BROKERS: 'b-1.msk:9098,b-2.msk:9098',
      IRIS_DIRECTORY: 'cache.aws:6379',
    };
    expect(readNodeConfig(core, env)).toMatchObject({
      store: {
        kind: 'distributed',
        kafka: { brokers: ['b-1.msk:9098', 'b-2.msk:9098'], replicas: 3, tls: true, login: { kind: 'iam', awsRegion: 'ap-northeast-1' } },
        cql: {
          contactPoints: [0, 1, 2].map((node) => `tokyo-s${node}.store.iris.io`),
          dataCentre: 'tokyo',
          keyspace: 'iris_planet',
          replicas: 3,
        },
      },
    });
    expect(readNodeConfig(edge, env)).toMatchObject({
      directory: { kind: 'redis', redis: { mode: 'cluster', addresses: ['cache.aws:6379'], tls: true, login: { kind: 'iam' } } },
    });
    expect(() => readNodeConfig(core, { ...env, IRIS_KAFKA_BROKERS: '' })).toThrow(/IRIS_KAFKA_BROKERS/);
  });

  it('A3: make clients of a cloud environment show a token, for the issuer of the domain by default', () => {
    const { edge } = nodeConfigsOf(createPlan(smallEnvironment()), 'tokyo');
    expect(edge).toMatchObject({
      authentication: { kind: 'token', issuer: 'https://chat.example.com', audience: 'iris', keysPath: '/etc/iris/token-keys.pem' },
    });
  });

  it('F17: nodes watch where the slot map is published, all of them together within what SSM answers; in a local environment they have a file', () => {
    for (const preset of presets.values()) {
      const plan = createPlan(preset);
      if (plan.runsIn === 'local') continue;
      let asked = 0;
      for (const { code, edgesMax, cores } of plan.regions) {
        const place = readSlotMapPlace(nodeConfigsOf(plan, code).edge.slotMap ?? '');
        expect(place).toMatchObject({ kind: 'ssm', awsRegion: plan.globalRegion, parameter: `/iris/${plan.environment}/slot-map` });
        const { everySeconds = 0 } = place as { everySeconds?: number };
        expect(everySeconds).toBeGreaterThanOrEqual(10);
        expect(everySeconds).toBeLessThanOrEqual(320);
        asked += (edgesMax + cores) / everySeconds;
      }
      expect([preset.name, asked < 40]).toEqual([preset.name, true]);
    }
    const here = { code: 'here', cidr: '10.0.0.0/16', edges: 1, shards: 1 };
    const plan = createPlan(smallEnvironment({ runsIn: 'local', dailyActiveUsers: 100, regions: [here] }));
    expect(nodeConfigsOf(plan, 'here').edge).not.toHaveProperty('slotMap');
  });

  it('A1: listen on this machine only, and need no token, in a local environment', () => {
    const region = { code: 'here', cidr: '10.0.0.0/16', edges: 1, shards: 1 };
    const plan = createPlan(smallEnvironment({ runsIn: 'local', dailyActiveUsers: 100, regions: [region] }));
    const { edge, core } = nodeConfigsOf(plan, 'here');
    expect(edge).toMatchObject({
      local: true,
      authentication: { kind: 'none' },
      client: { host: '127.0.0.1' },
      admin: { host: '127.0.0.1' },
    });
    expect(core).toMatchObject({ local: true, link: { host: '127.0.0.1' } });
  });

  it('carry the limits that the environment changes', () => {
    const store = { inboxEnvelopesMax: 10, inboxBytesMax: 11, outboxEnvelopesMax: 12, outboxBytesMax: 13 };
    const limits = { sessionQueuedBytesMax: 3_000, drainTimeoutMs: 4_000, ...store, inboxRetentionDays: 2, outboxRetentionDays: 1 };
    const { edge, core } = nodeConfigsOf(createPlan(smallEnvironment({ limits })), 'tokyo');
    expect(edge).toMatchObject({ sessionQueuedBytesMax: 3_000, drainTimeoutMs: 4_000, connectionsMax: 100_000 });
    expect(core).toMatchObject({
      drainTimeoutMs: 4_000,
      store: { ...store, inboxRetentionMs: 172_800_000, outboxRetentionMs: 86_400_000 },
    });
  });

  it('fails for a region that the plan does not have', () => {
    expect(() => nodeConfigsOf(createPlan(smallEnvironment()), 'mars')).toThrow(
      "region 'mars' is not in the plan of small, which has tokyo, london",
    );
  });
});
