import { setTimeout as delay } from 'node:timers/promises';
import type { AdminAccess } from '../infra/local/admin-access.ts';
import type { Publication } from '../runtime/adapters/slot-maps/publication.ts';
import { errorLine, IrisError } from '../runtime/contract/errors.ts';
import { lostRegionOf } from '../runtime/contract/slot-map-failover.ts';
import { settled } from '../runtime/contract/slot-map-moves.ts';
import type { SlotMap } from '../runtime/contract/slot-map-schema.ts';
import type { CommandIo } from './command.ts';
import type { MovedFleet } from './moved-fleet.ts';

/** Milliseconds between two looks at the cores. */
export const LOOK_MS = 500;

/** What `GET /ownership` of an owner answers, as far as commands need it. */
export interface Ownership {
  readonly group: string;
  readonly slotMapVersion: number;
  /** 0 when nothing would be lost with the core’s store. */
  readonly owned: number;
  readonly shards: number;
  readonly inboxes: number;
  readonly outboxes: Readonly<Record<string, number>>;
  readonly parked: number;
  readonly deadLetters: number;
  readonly handover: {
    readonly groupsLeft: readonly string[];
    readonly usersFetched: number;
    readonly bytesFetched: number;
    readonly usersToGive: number | null;
    readonly straysLeft: number | null;
    /** Of a core that was lost and has come back; null before it is known. */
    readonly strays?: { readonly users: number | null; readonly outboxes: readonly string[] | null };
  };
}

/** A slot map to publish, and the publication that it was made of. */
export interface Step {
  readonly from: Publication;
  readonly next: SlotMap;
}

/**
 * Publishes the step, if any, and stays until every group’s owner says that nobody is left to fetch; then ends the move by a further
 * map. The published map tells the state, so that whoever was killed here may begin again.
 * @throws IrisError TIMED_OUT on Ctrl-C, CONFIG_INVALID, also while a region is lost, which is not waited for here
 */
export async function carryOut(fleet: MovedFleet, step: Step | undefined, io: CommandIo): Promise<SlotMap> {
  if (step !== undefined) await fleet.publish(step.from, step.next);
  for (let last = ''; ; await delay(LOOK_MS)) {
    if (io.signal.aborted) throw new IrisError('TIMED_OUT', 'interrupted; the move goes on by itself, the same command ends it');
    const published = await fleet.published();
    const { map } = published;
    if (map.moving === undefined) return map;
    const lost = lostRegionOf(map);
    if (lost !== undefined)
      throw new IrisError('CONFIG_INVALID', `${lost} is failed over by slot map ${map.version}; iris failback ${lost} comes first`);
    const { owners, silent } = await ownersOf(await fleet.access(map));
    const waiting = groupsWaitedFor(owners, map);
    const users = owners.reduce((sum, { handover }) => sum + handover.usersFetched, 0);
    const bytes = owners.reduce((sum, { handover }) => sum + handover.bytesFetched, 0);
    const line = `version ${map.version}: ${users} users with ${bytes} bytes fetched, waiting for ${[...waiting, ...silent].join(', ') || 'nobody'}`;
    if (line !== last) io.note(line);
    last = line;
    if (waiting.length === 0) await end(fleet, published);
  }
}

/** Ends a move that nobody waits for any more; whoever else waited for it may have been faster. @throws IrisError CONFIG_INVALID */
async function end(fleet: MovedFleet, published: Publication): Promise<void> {
  try {
    await fleet.publish(published, settled(published.map));
  } catch (error) {
    const { map } = await fleet.published();
    if (map.version === published.map.version) throw error;
  }
}

/** What the owners among the cores say, and why others say nothing. A standby, and a core that is being opened, has nothing to say. */
export async function ownersOf(
  access: AdminAccess,
  isMeant: (region: string) => boolean = () => true,
): Promise<{ owners: Ownership[]; silent: string[] }> {
  const cores = access.targets.filter(({ role, region }) => role === 'core' && isMeant(region));
  const pages = await Promise.allSettled(cores.map((core) => access.page(core, 'ownership')));
  const owners = pages.flatMap((page) =>
    page.status === 'rejected' || (page.value as { isStandby?: boolean }).isStandby === true ? [] : [page.value as Ownership],
  );
  return { owners, silent: pages.flatMap((page) => (page.status === 'rejected' ? [errorLine(page.reason)] : [])) };
}

/** Groups of which no owner has said that nobody is left: one that has none at this moment may still hold users of others. */
export function groupsWaitedFor(owners: readonly Ownership[], map: SlotMap): string[] {
  const isThrough = ({ slotMapVersion, handover }: Ownership) => slotMapVersion === map.version && handover.groupsLeft.length === 0;
  return map.regions.flatMap(({ groups }) =>
    groups.flatMap(({ id }) => (owners.some((owner) => owner.group === id && isThrough(owner)) ? [] : [id])),
  );
}
