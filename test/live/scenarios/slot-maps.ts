import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { createSlotMap } from '../../../runtime/contract/slot-map.ts';
import type { SlotMap } from '../../../runtime/contract/slot-map-schema.ts';
import { until } from '../../servers/node-pair.ts';
import { LiveFleet } from '../live-fleet.ts';
import { report, seeded, Traffic } from '../traffic.ts';
import type { Foundation } from './foundation.ts';

const ENVIRONMENT = 'mapped';

/**
 * F17, F20, L12: bad slot maps are published to running nodes, and none at all. Each is refused with its reason, the last good one stays, and
 * nothing is lost.
 */
export function describeSlotMaps({ on, store }: Foundation): void {
  describe(`slot maps that are wrong or missing${on}`, () => {
    let fleet: LiveFleet;
    let traffic: Traffic;
    let good: SlotMap;

    beforeAll(async () => {
      fleet = await LiveFleet.start({
        environment: ENVIRONMENT,
        regions: { tokyo: { edges: 2, cores: 2 } },
        ...(store && { fields: (node: string) => (node.includes('core') ? { store: store(ENVIRONMENT) } : {}) }),
      });
      traffic = new Traffic(() => fleet.edges.map((edge) => fleet.address(edge)));
      good = fleet.slots.map;
    }, 120_000);
    afterAll(async () => {
      await traffic?.close();
      await fleet?.stop();
    });

    function publish(text: string | undefined): void {
      if (text === undefined) rmSync(fleet.slotMapPath);
      else {
        writeFileSync(`${fleet.slotMapPath}.new`, text);
        renameSync(`${fleet.slotMapPath}.new`, fleet.slotMapPath);
      }
    }

    const nodes = () => [...fleet.edges, ...fleet.cores];
    const refusedBy = (node: string) => fleet.metric(node, 'iris_slot_map_refused_total');

    /** The groups of the region, changed. */
    function withGroups(
      change: (groups: SlotMap['regions'][number]['groups']) => SlotMap['regions'][number]['groups'],
      version = 2,
    ): unknown {
      const [region] = good.regions;
      return { ...good, version, regions: [{ ...region!, groups: change(region!.groups) }] };
    }

    it('refuses an overlap, a gap, an unknown group, a step back, too large a move, another table, half a file and no file at all (F17, F20)', async () => {
      const users = Array.from({ length: 10 }, (_, i) => `user-${i}`);
      for (const user of users) await traffic.read(user);
      const stop = new AbortController();
      const running = traffic.run(seeded(), { from: users, to: users, perSecond: 100, signal: stop.signal });
      const bad: [string, string | undefined][] = [
        [
          'overlap',
          JSON.stringify(withGroups(([one, two]) => [one!, { ...two!, firstShard: two!.firstShard - 1, shardCount: two!.shardCount + 1 }])),
        ],
        ['gap', JSON.stringify(withGroups(([one, two]) => [one!, { ...two!, shardCount: two!.shardCount - 1 }]))],
        ['unknown group', JSON.stringify(withGroups(([one, two]) => [one!, { ...two!, id: 'nobody-0' }]))],
        ['version back', JSON.stringify({ ...good, version: 0 })],
        [
          'too large a move',
          JSON.stringify(
            withGroups(([one, two]) => [
              { ...one!, id: two!.id },
              { ...two!, id: one!.id },
            ]),
          ),
        ],
        ['another table', JSON.stringify({ ...good, version: 2, tableSha256: '0'.repeat(64) })],
        [
          'another environment',
          JSON.stringify(createSlotMap({ environment: 'other', version: 2, shards: good.shards, regions: good.regions })),
        ],
        ['half a file', JSON.stringify(good).slice(0, 200)],
        ['no file at all', undefined],
      ];
      for (const [what, text] of bad) {
        const before = await Promise.all(nodes().map(refusedBy));
        publish(text);
        await until(
          async () => (await Promise.all(nodes().map(refusedBy))).every((count, i) => count > (before[i] as number)),
          `every node refuses: ${what}`,
          20_000,
        );
        for (const node of nodes()) {
          expect(await fleet.metric(node, 'iris_slot_map_version')).toBe(1);
          expect(fleet.process(node).said).toMatch(/slot-map-refused/);
        }
      }
      publish(JSON.stringify({ ...good, version: 2 }));
      await until(
        async () =>
          (await Promise.all(nodes().map((node) => fleet.metric(node, 'iris_slot_map_version')))).every((version) => version === 2),
        'the good one is taken',
        20_000,
      );
      await pause(500);
      stop.abort();
      await running;
      await traffic.drained();
      report(
        `F17, F20${on}: ${bad.length} of ${bad.length} bad slot maps refused by ${nodes().length} running nodes, the good one after them taken`,
      );
      traffic.judge(`F17, F20${on}`);
      expect(traffic.refusals.size).toBe(0);
    }, 150_000);
  });
}
