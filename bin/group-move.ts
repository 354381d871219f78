import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { AdminAccess } from '../infra/local/admin-access.ts';
import { IrisError } from '../runtime/contract/errors.ts';
import { lostRegionOf } from '../runtime/contract/slot-map-failover.ts';
import { homesOf, takenBack } from '../runtime/contract/slot-map-moves.ts';
import type { SlotMap } from '../runtime/contract/slot-map-schema.ts';
import { type CommandIo, UsageError } from './command.ts';
import { carryOut, LOOK_MS, type Ownership } from './map-move.ts';
import { FLEET_OPTION_HELP, FLEET_OPTIONS, FLEET_USAGE, type MovedFleet, movedFleet } from './moved-fleet.ts';
import { movesText } from './moves-text.ts';

/** The options of `iris leave` and `iris join`, as `--help` explains them. */
export const GROUP_MOVE_OPTIONS = [
  ['--dry-run', 'print what would move and change nothing'],
  ['--back', 'take the move under way back: everyone where they were'],
  ...FLEET_OPTION_HELP,
] as const;

/** The usage of a command of that name. */
export function groupMoveUsage(name: string): string {
  return `iris ${name} <core or group> [--dry-run] [--back] ${FLEET_USAGE}`;
}

/** The shard group that moves, or the one of the core that was named. */
export interface MovedGroup {
  readonly fleet: MovedFleet;
  readonly group: string;
}

interface GroupMove {
  readonly name: 'leave' | 'join';
  /** The map that begins the move; undefined where the group has left or joined already. */
  readonly planned: (map: SlotMap, group: string) => SlotMap | undefined;
  /** What is to be said once nobody is left to move. */
  readonly ended: (moved: MovedGroup, map: SlotMap, io: CommandIo) => Promise<string>;
}

/** Runs `iris leave` and `iris join`; killed halfway either may be started again with the same arguments. */
export async function runGroupMove({ name, planned, ended }: GroupMove, args: readonly string[], io: CommandIo): Promise<number> {
  const { node, flags } = parse(name, args);
  const fleet = movedFleet(flags, io);
  const from = await fleet.published();
  const { map } = from;
  const moved = { fleet, group: await groupOf(fleet, map, node) };
  const lost = lostRegionOf(map);
  if (lost !== undefined) throw new IrisError('CONFIG_INVALID', `${lost} is failed over; iris failback ${lost} comes first`);
  const next = flags.back ? takenBack(map) : planned(map, moved.group);
  if (next !== undefined) io.result(movesText(map, next));
  if (flags.isDry) return 0;
  const after = await carryOut(fleet, next && { from, next }, io);
  io.result(flags.back ? `everyone is where they were, by slot map ${after.version}` : await ended(moved, after, io));
  return 0;
}

export function shardsOf(map: SlotMap, group: string): number {
  return homesOf(map).filter((home) => home === group).length;
}

/** Resolves when the group’s owner has nothing left. @throws IrisError TIMED_OUT on Ctrl-C */
export async function emptied({ fleet, group }: MovedGroup, map: SlotMap, io: CommandIo): Promise<void> {
  for (let last = ''; ; await delay(LOOK_MS)) {
    if (io.signal.aborted) throw new IrisError('TIMED_OUT', 'interrupted; the core goes on emptying itself, the same command waits for it');
    const owner = (await coresOf(await fleet.access(map))).find((core) => core.group === group && core.isStandby !== true);
    if (owner?.owned === 0) return;
    const line = owner === undefined ? `nobody owns group ${group} at this moment` : `still here: ${leftText(owner)}`;
    if (line !== last) io.note(line);
    last = line;
  }
}

function leftText({ inboxes, outboxes, parked, deadLetters, handover: { usersToGive } }: Ownership): string {
  const forOthers = Object.values(outboxes).reduce((sum, envelopes) => sum + envelopes, 0);
  return `${usersToGive ?? 'uncounted'} users, ${inboxes} inboxes, ${forOthers} envelopes for other groups, ${parked} parked, ${deadLetters} dead letters`;
}

type CorePage = Ownership & { readonly isStandby?: boolean };

async function coresOf(access: AdminAccess): Promise<CorePage[]> {
  const cores = access.targets.filter(({ role }) => role === 'core');
  const pages = await Promise.allSettled(cores.map((core) => access.page(core, 'ownership')));
  return pages.flatMap((page) => (page.status === 'fulfilled' ? [page.value as CorePage] : []));
}

/** @throws IrisError COMMAND_INVALID for a node that is not there or holds no shards, CONNECTION_FAILED */
async function groupOf(fleet: MovedFleet, map: SlotMap, node: string): Promise<string> {
  if (map.regions.some(({ groups }) => groups.some(({ id }) => id === node))) return node;
  const access = await fleet.access(map);
  const target = access.targets.find(({ id }) => id === node);
  const cores = access.targets.filter(({ role }) => role === 'core').map(({ id }) => id);
  if (target === undefined) throw new IrisError('COMMAND_INVALID', `no node is called ${node}; the cores are ${cores.join(', ')}`);
  if (target.role === 'edge')
    throw new IrisError('COMMAND_INVALID', `${node} is an edge and holds nothing: stop it; the cores are ${cores.join(', ')}`);
  return ((await access.page(target, 'ownership')) as CorePage).group;
}

function parse(name: string, args: readonly string[]) {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      'dry-run': { type: 'boolean', default: false },
      back: { type: 'boolean', default: false },
      ...FLEET_OPTIONS,
    },
  });
  const [node, surplus] = positionals;
  if (node === undefined || surplus !== undefined) throw new UsageError(`iris ${name} takes one core or its group`);
  return { node, flags: { ...values, isDry: values['dry-run'] } };
}
