import { readSlotMap } from '../runtime/contract/slot-map.ts';
import type { SlotMap } from '../runtime/contract/slot-map-schema.ts';
import { textTable } from './text-table.ts';

/** Which slots a map moves, from group to group. */
export function movesText(before: SlotMap, after: SlotMap): string {
  const pairs = readSlotMap(before).comparedTo(readSlotMap(after));
  const rows = pairs.filter(({ from, to }) => from.group !== to.group).map(({ from, to, slots }) => [from.group, to.group, String(slots)]);
  const moved = rows.reduce((sum, [, , slots]) => sum + Number(slots), 0);
  const share = `${((moved / 2 ** 20) * 100).toFixed(1)} % of the users move`;
  return `${before.shards} to ${after.shards} shards; ${share}\n${textTable([['from group', 'to group', 'slots'], ...rows])}`;
}
