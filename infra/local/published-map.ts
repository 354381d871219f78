import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readJsonFile } from '../../runtime/contract/node-config.ts';
import { readSlotMap } from '../../runtime/contract/slot-map.ts';
import type { SlotMap } from '../../runtime/contract/slot-map-schema.ts';

export function slotMapPath(stateDirectory: string): string {
  return join(stateDirectory, 'slot-map.json');
}

/** The slot map that a fleet’s nodes read. @throws IrisError FILE_UNREADABLE, CONFIG_INVALID */
export function readPublishedMap(stateDirectory: string): SlotMap {
  return readSlotMap(readJsonFile(slotMapPath(stateDirectory))).map;
}

/**
 * The map that a fleet starts with: what was published over the plan’s since, at the present addresses, where it has the plan’s groups;
 * else the plan’s.
 */
export function mapToStartWith(planned: SlotMap): (path: string) => SlotMap {
  return (path) => {
    if (!existsSync(path)) return planned;
    const before = readSlotMap(JSON.parse(readFileSync(path, 'utf8'))).map;
    return before.version > planned.version && groupsKey(before) === groupsKey(planned) ? { ...before, regions: planned.regions } : planned;
  };
}

function groupsKey({ environment, regions }: SlotMap): string {
  const groups = regions.flatMap((region) =>
    region.groups.map(({ id, firstShard, shardCount }) => [region.code, id, firstShard, shardCount]),
  );
  return JSON.stringify([environment, groups]);
}
