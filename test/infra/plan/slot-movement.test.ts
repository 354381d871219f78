import type { Region } from '../../../environments/region.ts';
import { createPlan } from '../../../infra/plan/create-plan.ts';
import { slotMapOf } from '../../../infra/plan/slot-map.ts';
import { SLOTS } from '../../../runtime/contract/limits.ts';
import { expandTable } from '../../../runtime/contract/slot-map.ts';
import { smallEnvironment } from './small-environment.ts';

describe('the slot maps of two plans', () => {
  it.each([1, 10, 100, 1_000])('C12: differ in half of the slots when %i shards become twice as many', (shards) => {
    // Shares are whole slots, so half is meant to within one slot of each shard.
    expect(Math.abs(movedShare(shards, 2 * shards) - 0.5)).toBeLessThan((2 * shards) / SLOTS);
  });

  it.each([1, 10, 99, 1_000])('C12: differ in one slot of N+1 when a shard joins %i', (shards) => {
    expect(Math.abs(movedShare(shards, shards + 1) - 1 / (shards + 1))).toBeLessThan(1 / SLOTS);
  });

  it('R3: list the same groups for the regions that were there before one was added', () => {
    const before = planOf([10, 20]);
    const after = planOf([10, 20, 30]);
    expect(slotMapOf(after).regions.slice(0, 2)).toEqual(slotMapOf(before).regions);
  });
});

/** Share of all slots, hence of users, whose shard differs between an environment of so many shards and one of so many. */
function movedShare(from: number, to: number): number {
  const [before, after] = [expandTable(slotMapOf(planOf([from]))), expandTable(slotMapOf(planOf([to])))];
  let moved = 0;
  for (let slot = 0; slot < SLOTS; slot++) if (before[slot] !== after[slot]) moved++;
  return moved / SLOTS;
}

function planOf(shards: readonly number[]) {
  const regions = shards.map(
    (count, index): Region => ({
      code: `region-${index}`,
      awsRegion: 'eu-west-2',
      cidr: `10.${index}.0.0/16`,
      edges: 2,
      shards: count,
      serves: { default: index === 0 },
    }),
  );
  return createPlan(smallEnvironment({ dailyActiveUsers: 100_000, regions }));
}
