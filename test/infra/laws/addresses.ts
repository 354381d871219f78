import { overlaps, parseCidr } from '../../../infra/plan/cidr.ts';
import type { Plan } from '../../../infra/plan/plan.ts';
import { slotMapOf } from '../../../infra/plan/slot-map.ts';
import { readSlotMap } from '../../../runtime/contract/slot-map.ts';

/** Networks that overlap, and shards that nobody or two groups would own (C12). */
export function overlapProblems(plan: Plan): string[] {
  const blocks = plan.regions.map(({ code, cidr }) => ({ code, block: parseCidr(cidr)! }));
  const networks = blocks.flatMap(({ code, block }, index) =>
    blocks.slice(index + 1).flatMap((other) => (overlaps(block, other.block) ? [`networks of ${code} and ${other.code} overlap`] : [])),
  );
  const owners = new Map<number, string>();
  const shards = plan.regions.flatMap(({ groups }) =>
    groups.flatMap(({ id, firstShard, shardCount }) =>
      Array.from({ length: shardCount }, (_, index) => firstShard + index).flatMap((shard) => {
        const owner = owners.get(shard);
        owners.set(shard, id);
        return owner === undefined ? [] : [`shard ${shard} is of ${owner} and of ${id}`];
      }),
    ),
  );
  const missing = owners.size === plan.totals.shards ? [] : [`${owners.size} of ${plan.totals.shards} shards have a group`];
  return [...networks, ...shards, ...missing];
}

/** Slots without a shard, and shards without a slot; of a plan without the problems above. */
export function slotProblems(plan: Plan): string[] {
  const slots = new Uint32Array(plan.totals.shards);
  for (const shard of readSlotMap(slotMapOf(plan)).table) {
    if (shard >= slots.length) return [`a slot is of shard ${shard}, and there are ${slots.length}`];
    slots[shard]! += 1;
  }
  return [...slots.entries()].flatMap(([shard, count]) => (count === 0 ? [`shard ${shard} has no slot`] : []));
}
