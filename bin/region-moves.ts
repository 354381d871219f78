import { setTimeout as delay } from 'node:timers/promises';
import { IrisError } from '../runtime/contract/errors.ts';
import { drainedOf, failedBack, failedOver, givenUpOf, lostRegionOf, ownsNothing } from '../runtime/contract/slot-map-failover.ts';
import { homesOf } from '../runtime/contract/slot-map-moves.ts';
import type { SlotMap } from '../runtime/contract/slot-map-schema.ts';
import type { CommandIo } from './command.ts';
import { carryOut, LOOK_MS, type Ownership, ownersOf } from './map-move.ts';
import type { MovedFleet } from './moved-fleet.ts';
import { movesText } from './moves-text.ts';

export interface RegionMove {
  readonly fleet: MovedFleet;
  readonly region: string;
  readonly isDry: boolean;
  readonly io: CommandIo;
}

/**
 * Gives the shards of a region that is gone to the others, at once, and stays until they have taken them.
 * @throws IrisError COMMAND_INVALID while a core of it answers, ENVIRONMENT_INVALID, CONFIG_INVALID during another move, TIMED_OUT on Ctrl-C
 */
export async function failOver({ fleet, region, isDry, io }: RegionMove): Promise<string> {
  const published = await fleet.published();
  let { map } = published;
  if (lostRegionOf(map) !== region) {
    const next = failedOver(map, region, Date.now());
    const { owners } = await ownersOf(await fleet.access(map), (code) => code === region);
    if (owners.length > 0) {
      const groups = owners.map(({ group }) => group).join(', ');
      throw new IrisError(
        'COMMAND_INVALID',
        `the owner of ${groups} answers, so ${region} is not lost; --planned moves its users and leaves nothing behind`,
      );
    }
    io.result(movesText(map, next));
    if (isDry) return 'nothing was changed';
    await fleet.publish(published, next);
    map = next;
  }
  const others = map.regions.filter(({ code }) => code !== region);
  await until(io, async () => {
    const { owners } = await ownersOf(await fleet.access(map), (code) => code !== region);
    const hasTaken = (group: string) => owners.some((owner) => owner.group === group && owner.slotMapVersion >= map.version);
    const waiting = others.flatMap(({ groups }) => groups.flatMap(({ id }) => (hasTaken(id) ? [] : [id])));
    return waiting.length === 0 ? undefined : `version ${map.version}: waiting for ${waiting.join(', ')}`;
  });
  return `${region} is failed over by slot map ${map.version}; what it holds comes when it is back: iris failback ${region}`;
}

/** Moves everyone out of a region that answers; nothing is left behind. @throws as `failOver` */
export async function drainRegion({ fleet, region, isDry, io }: RegionMove): Promise<string> {
  const from = await fleet.published();
  const { map } = from;
  const next = ownsNothing(map, region) ? undefined : drainedOf(map, region);
  if (next !== undefined) io.result(movesText(map, next));
  if (isDry) return 'nothing was changed';
  const { version } = await carryOut(fleet, next && { from, next }, io);
  return `${region} owns nothing by slot map ${version}; its cores may be stopped`;
}

/** Ends a failover without the region: what it holds is given up. @throws IrisError CONFIG_INVALID where it is not failed over */
export async function giveUp({ fleet, region, isDry }: RegionMove): Promise<string> {
  const published = await fleet.published();
  const next = givenUpOf(published.map, region, Date.now());
  if (isDry) return 'nothing was changed';
  await fleet.publish(published, next);
  return `${region} is given up by slot map ${next.version}; nobody waits for what it held`;
}

/**
 * Gives a region its users back, with what they have got since: after it has sent on what it still held when it was lost, since what is fetched takes
 * the place of what is there.
 * @throws IrisError CONNECTION_FAILED while no core of it answers; else as `failOver`
 */
export async function failBack({ fleet, region, isDry, io }: RegionMove): Promise<string> {
  const from = await fleet.published();
  const { map } = from;
  const next = isOnItsWay(map, region) ? undefined : failedBack(map, region);
  const { owners, silent } = await ownersOf(await fleet.access(map), (code) => code === region);
  if (owners.length === 0)
    throw new IrisError(
      'CONNECTION_FAILED',
      `no core of ${region} serves, so nobody can be given back to it${silent.map((one) => `; ${one}`).join('')}`,
    );
  if (next !== undefined) io.result(movesText(map, next));
  if (isDry) return 'nothing was changed';
  if (next !== undefined && ownsNothing(map, region)) {
    const groups = map.regions.find(({ code }) => code === region)?.groups.map(({ id }) => id) ?? [];
    await until(io, async () => {
      const { owners: present } = await ownersOf(await fleet.access(map), (code) => code === region);
      return leftToSend(groups, present, map.version);
    });
  }
  const { version } = await carryOut(fleet, next === undefined || isSame(map, next) ? undefined : { from, next }, io);
  return `${region} has its users by slot map ${version}; nobody is left to move`;
}

/** What the groups of a region that owns nothing still have to send on, in words; undefined when nothing is left. */
export function leftToSend(groups: readonly string[], owners: readonly Ownership[], version: number): string | undefined {
  const parts = groups.flatMap((group) => {
    const owner = owners.find((one) => one.group === group);
    if (owner?.slotMapVersion !== version) return [`${group} is not open yet`];
    // Of a region that was given up its outboxes need not be empty: nothing is fetched into them.
    const strays = owner.handover.strays ?? { users: owner.handover.straysLeft, outboxes: [] };
    if (strays.users === null) return [`${group} counts what it holds`];
    if (strays.users > 0) return [`${group} holds messages of ${strays.users} users`];
    if (strays.outboxes === null) return [`${group} looks through its outboxes`];
    return strays.outboxes.length === 0 ? [] : [`${group} still sends to ${strays.outboxes.join(', ')}`];
  });
  return parts.length === 0 ? undefined : `before the region may be failed back: ${parts.join('; ')}`;
}

/** The move that gives the region its users back is under way: only its end is missing. */
function isOnItsWay({ moving, ...map }: SlotMap, region: string): boolean {
  return moving !== undefined && lostRegionOf({ moving }) === undefined && !ownsNothing(map, region);
}

function isSame(map: SlotMap, next: SlotMap): boolean {
  return map.moving === undefined && JSON.stringify(homesOf(map)) === JSON.stringify(homesOf(next));
}

/** Looks until `missing` has nothing to say, and notes what it says. @throws IrisError TIMED_OUT on Ctrl-C */
async function until(io: CommandIo, missing: () => Promise<string | undefined>): Promise<void> {
  for (let last = ''; ; await delay(LOOK_MS)) {
    if (io.signal.aborted) throw new IrisError('TIMED_OUT', 'interrupted; the same command goes on from here');
    const line = await missing();
    if (line === undefined) return;
    if (line !== last) io.note(line);
    last = line;
  }
}
