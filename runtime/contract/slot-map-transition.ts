import { SLOTS, SLOTS_MOVED_SHARE_MAX } from './limits.ts';
import { type SlotRouter, shardRunsOf } from './slot-map.ts';
import type { SlotMap } from './slot-map-schema.ts';

/**
 * Why a node that routes by `from` must not take `to` (F17, L12), one line each; empty when it may. What one map cannot say of itself:
 * versions grow, users are never left behind in a group that no map names as their former home, and one step moves no more than a
 * doubling does. A node that missed versions in between cannot know what they moved, so it takes a newer map by its version alone.
 */
export function transitionProblems(from: SlotRouter, to: SlotRouter): string[] {
  const [before, after] = [from.map, to.map];
  const problems: string[] = [];
  if (after.environment !== before.environment)
    problems.push(`the map belongs to environment ${after.environment}, this node to ${before.environment}`);
  if (after.version <= before.version) problems.push(`version ${after.version} is not above ${before.version}, which is in force`);
  if (problems.length > 0 || after.version > before.version + 1) return problems;
  const moved = movedShare(from, to);
  if (moved.share > SLOTS_MOVED_SHARE_MAX)
    problems.push(`${percent(moved.share)} of the slots would move in one step, the limit is ${percent(SLOTS_MOVED_SHARE_MAX)}`);
  // Shards may be cut anew within their groups at any time but during a move, whose way back must stay open.
  const isUnsettled = before.moving !== undefined && assignmentKey(before) !== assignmentKey(after);
  if (moved.isAny || isUnsettled) problems.push(...moveProblems(before, after));
  else if (after.moving !== undefined && JSON.stringify(after.moving) !== JSON.stringify(before.moving))
    problems.push('moving: nothing moves between the two maps, yet the move under way changes');
  problems.push(...vanishedProblems(before, after));
  return problems;
}

/** Homes change: the map must say where everyone was, and no other move may be under way but the one it takes back. */
function moveProblems(before: SlotMap, after: SlotMap): string[] {
  if (after.moving === undefined)
    return ['slots change their group, but moving.from does not say where they were: users would be left behind'];
  const problems: string[] = [];
  const { from, isReturn } = after.moving;
  if (from.version !== before.version || fromKey(from) !== assignmentKey(before))
    problems.push(`moving.from is not the map of version ${before.version}, which is in force`);
  if (before.moving === undefined) {
    if (isReturn) problems.push('moving.isReturn: no move is under way that could be taken back');
    return problems;
  }
  if (before.moving.isReturn || assignmentKey(after) !== fromKey(before.moving.from) || !isReturn)
    problems.push('a move is under way: it must be settled or taken back before another begins');
  return problems;
}

function vanishedProblems(before: SlotMap, after: SlotMap): string[] {
  const left = new Set(after.regions.flatMap((region) => region.groups.map((group) => group.id)));
  const owners = new Set(shardRunsOf(before).map((run) => run.group));
  for (const run of before.moving?.from.homes ?? []) owners.add(run.group);
  return before.regions
    .flatMap((region) => region.groups)
    .flatMap(({ id }) => (left.has(id) || !owners.has(id) ? [] : [`group ${id} vanishes, but shards live in it; move them first`]));
}

/** Share of the slots whose group changes; slots of a lost region move because they must, and come back to it, so they do not count. */
function movedShare(from: SlotRouter, to: SlotRouter): { share: number; isAny: boolean } {
  const moved = from.comparedTo(to).filter((pair) => pair.from.group !== pair.to.group);
  const isCounted = (pair: (typeof moved)[number]) => !to.isLost(pair.from.region) && !to.isLost(pair.to.region);
  const counted = moved.filter(isCounted).reduce((sum, { slots }) => sum + slots, 0);
  return { share: counted / SLOTS, isAny: moved.length > 0 };
}

/** Two maps with the same key give every slot the same shard and every shard the same group. */
export function assignmentKey(map: SlotMap): string {
  return fromKey({ ...map, homes: shardRunsOf(map) });
}

function fromKey({ shards, tableSha256, homes }: Pick<NonNullable<SlotMap['moving']>['from'], 'shards' | 'tableSha256' | 'homes'>): string {
  return JSON.stringify([shards, tableSha256, homes.map(({ firstShard, shardCount, group }) => [firstShard, shardCount, group])]);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
