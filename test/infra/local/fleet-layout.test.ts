import fc from 'fast-check';
import { growth } from '../../../environments/growth.ts';
import { BASE_PORT_DEFAULT, layoutFleet } from '../../../infra/local/fleet-layout.ts';
import { fleetShape } from '../../../infra/local/fleet-shape.ts';
import { checkMachine, ENGINE_MEBIBYTES, NODE_MEBIBYTES, needOf } from '../../../infra/local/machine-check.ts';
import { createPlan } from '../../../infra/plan/create-plan.ts';
import { nodeConfigsOf } from '../../../infra/plan/node-configs.ts';
import { readNodeConfig } from '../../../runtime/contract/node-config.ts';
import { readSlotMap } from '../../../runtime/contract/slot-map.ts';
import { proofLayout, proofPlan } from './proof-layout.ts';

const layout = proofLayout({ stateDirectory: '/state', basePort: BASE_PORT_DEFAULT });

describe('layout of a local fleet', () => {
  it('gives the edges the first ports from 8085 on, then the cores, then the admin listeners (O7)', () => {
    expect(layout.nodes.map(({ id, port, adminPort }) => `${id} ${port} ${adminPort}`)).toEqual([
      'tokyo-edge-0 8085 8092',
      'tokyo-edge-1 8086 8093',
      'sao-paulo-edge-0 8087 8094',
      'bangalore-edge-0 8088 8095',
      'tokyo-g0-a 8089 8096',
      'sao-paulo-g0-a 8090 8097',
      'bangalore-g0-a 8091 8098',
    ]);
  });

  it('names nodes as the plan does', () => {
    const ids = layout.nodes.map(({ id }) => id);
    for (const { names } of proofPlan.regions) expect(ids).toEqual(expect.arrayContaining([names.firstEdge, names.firstCore]));
  });

  it('lays only what is local over the config that the templates carry', () => {
    const [edge] = layout.nodes;
    const config = readNodeConfig(edge?.config, {});
    expect(config).toMatchObject({ local: true, authentication: { kind: 'none' }, connectionsMax: proofPlan.config.connectionsPerEdge });
  });

  it('leaves the engines of the cloud there: each core has a folder, each edge knows its own sessions', () => {
    const plan = createPlan(growth);
    const shape = fleetShape(plan, { isShrunk: true, regions: ['tokyo'] });
    const documentsOf = (region: string) => nodeConfigsOf(plan, region);
    const { nodes } = layoutFleet(shape, { stateDirectory: '/state', basePort: BASE_PORT_DEFAULT, documentsOf });
    const [edge, core] = nodes.map(({ config }) => readNodeConfig(config, {}));
    expect(edge).toMatchObject({ role: 'edge', directory: { kind: 'process' } });
    expect(core).toMatchObject({ role: 'core', store: { kind: 'embedded', directory: '../store/tokyo-g0' } });
  });

  it('writes a slot map that the runtime’s reader takes, with the same shards at local addresses', () => {
    const router = readSlotMap(layout.slotMap);
    expect(router.map.shards).toBe(proofPlan.totals.shards);
    expect(router.homeOf(2)).toMatchObject({ region: 'bangalore', address: '127.0.0.1:8091' });
  });

  it('fails with ADDRESS_IN_USE when the row of ports passes 65535', () => {
    expect(() => proofLayout({ stateDirectory: '/state', basePort: 65_530 })).toThrow(/14 ports from 65530 on would end at 65543/);
  });
});

describe('a fleet with standbys', () => {
  const doubled = proofLayout({ stateDirectory: '/state', basePort: BASE_PORT_DEFAULT, hasStandbys: true });

  it('runs a second core on the store of each group, behind the first ones in the row, and the slot map names it', () => {
    expect(doubled.nodes.slice(4).map(({ id, port }) => `${id} ${port}`)).toEqual([
      'tokyo-g0-a 8089',
      'sao-paulo-g0-a 8090',
      'bangalore-g0-a 8091',
      'tokyo-g0-b 8092',
      'sao-paulo-g0-b 8093',
      'bangalore-g0-b 8094',
    ]);
    const [first, second] = ['tokyo-g0-a', 'tokyo-g0-b'].map((id) =>
      readNodeConfig(doubled.nodes.find((node) => node.id === id)?.config, {}),
    );
    expect(second).toMatchObject({ role: 'core', node: 'tokyo-g0-b', group: 'tokyo-g0', store: (first as { store: object }).store });
    const router = readSlotMap(doubled.slotMap);
    expect(router.standbysOf('127.0.0.1:8089')).toEqual(['127.0.0.1:8092']);
    expect(readSlotMap(layout.slotMap).standbysOf('127.0.0.1:8089')).toEqual([]);
  });
});

describe('a shrunk fleet', () => {
  it('has one edge and one group with all shards in each region', () => {
    const shape = fleetShape(proofPlan, { isShrunk: true });
    expect(shape.regions.map(({ edges, groups }) => [edges, groups.length])).toEqual([
      [1, 1],
      [1, 1],
      [1, 1],
    ]);
    expect(shape.shards).toBe(proofPlan.totals.shards);
  });

  it('numbers the shards of chosen regions anew, so that every user keeps a home', () => {
    const small = proofLayout({ stateDirectory: '/state', basePort: 9_000, regions: ['sao-paulo', 'bangalore'] });
    expect(readSlotMap(small.slotMap).map).toMatchObject({ shards: 2, regions: [{ code: 'sao-paulo' }, { code: 'bangalore' }] });
  });

  it('covers every shard exactly once, whichever regions are chosen', () => {
    const plan = createPlan(growth);
    const codes = plan.regions.map(({ code }) => code);
    fc.assert(
      fc.property(fc.subarray(codes, { minLength: 1 }), fc.boolean(), (regions, isShrunk) => {
        const shape = fleetShape(plan, { regions, isShrunk });
        const groups = shape.regions.flatMap((region) => region.groups);
        const shards = groups.flatMap(({ firstShard, shardCount }) => Array.from({ length: shardCount }, (_, index) => firstShard + index));
        expect(shards.toSorted((a, b) => a - b)).toEqual(Array.from({ length: shape.shards }, (_, index) => index));
        expect(shape.regions.map(({ code }) => code)).toEqual(codes.filter((code) => regions.includes(code)));
      }),
    );
  });

  it('fails on an unknown region and lists the known ones', () => {
    expect(() => fleetShape(proofPlan, { isShrunk: false, regions: ['kyoto'] })).toThrow(
      'no region of proof is called kyoto; there are tokyo, sao-paulo, bangalore',
    );
  });
});

describe('the machine’s limits', () => {
  const machine = { memoryMebibytes: 16_384, filesMax: 4_096 };

  it('lets proof run', () => {
    expect(() => checkMachine(layout, machine)).not.toThrow();
  });

  it('fails with TOO_LARGE_FOR_MACHINE, the need, the limit and the remedy', () => {
    const need = 4 * NODE_MEBIBYTES.edge + 3 * NODE_MEBIBYTES.core;
    expect(needOf(layout, [])).toMatchObject({ processes: 7, memoryMebibytes: need });
    expect(() => checkMachine(layout, { ...machine, memoryMebibytes: 512 })).toThrow(
      `proof has 7 nodes and needs ${need} MiB of memory, 409 of 512 may be used; --shrink runs one edge`,
    );
    const engines = ENGINE_MEBIBYTES.Kafka + ENGINE_MEBIBYTES.Redis;
    expect(() => checkMachine(layout, { ...machine, memoryMebibytes: 1_024 }, ['Kafka', 'Redis'])).toThrow(
      new RegExp(
        `proof has 7 nodes .and Kafka, Redis beside them. and needs ${need + engines} MiB .*, 819 of 1024 .*--kafka, --cql and --redis name engines that run elsewhere`,
      ),
    );
    expect(() => checkMachine(layout, { ...machine, filesMax: 64 })).toThrow(/open files in one process, 64 are allowed/);
  });
});
