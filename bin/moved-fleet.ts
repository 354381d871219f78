import { resolve } from 'node:path';
import { AdminAccess } from '../infra/local/admin-access.ts';
import { findRunningFleet } from '../infra/local/fleet-file.ts';
import { slotMapPath } from '../infra/local/published-map.ts';
import { FileRegister } from '../runtime/adapters/slot-maps/file-register.ts';
import { openRegister } from '../runtime/adapters/slot-maps/open-register.ts';
import { type Publication, publishOver, readPublication } from '../runtime/adapters/slot-maps/publication.ts';
import { readSlotMapPlace } from '../runtime/contract/slot-map-place.ts';
import type { SlotMap } from '../runtime/contract/slot-map-schema.ts';
import type { SlotMapRegister } from '../runtime/ports/slot-maps.ts';
import { readAdminPlace, targetsAt } from './admin-places.ts';
import { type CommandIo, UsageError } from './command.ts';

/** The options of every command that moves users by a slot map, as `parseArgs` takes them and as `--help` explains them. */
export const FLEET_OPTIONS = { 'slot-map': { type: 'string' }, admin: { type: 'string' }, state: { type: 'string' } } as const;
export const FLEET_USAGE = '[--slot-map <where> [--admin <where>] | --state <dir>]';
export const FLEET_OPTION_HELP = [
  [
    '--slot-map <where>',
    'where a deployed environment publishes its slot map: etcd://host:port/key, consul://host:port/key, ssm://<aws region>/<parameter> or a file; default: the local fleet’s',
  ],
  [
    '--admin <where>',
    'with --slot-map, the admin listeners of its cores: host:port,…, :port at the addresses of the slot map, srv:<name> or cloudmap://<aws region>/<namespace>/<service>; default: :9400',
  ],
  ['--state <dir>', 'the state folder of the local fleet, where several run; default: .iris/*'],
] as const;

export interface FleetFlags {
  readonly 'slot-map'?: string | undefined;
  readonly admin?: string | undefined;
  readonly state?: string | undefined;
}

/** The fleet whose users a command moves: where its slot map is published, and who of its nodes can be asked. */
export class MovedFleet {
  private readonly register: SlotMapRegister;
  private readonly accessUnder: (map: SlotMap) => Promise<AdminAccess>;

  constructor(register: SlotMapRegister, accessUnder: (map: SlotMap) => Promise<AdminAccess>) {
    this.register = register;
    this.accessUnder = accessUnder;
  }

  /** @throws IrisError as `readPublication` */
  published(): Promise<Publication> {
    return readPublication(this.register);
  }

  /** @throws IrisError as `publishOver` */
  publish(from: Publication, next: SlotMap): Promise<void> {
    return publishOver(this.register, from, next);
  }

  /** Asked for anew with each look: a core may come back at another address. */
  access(map: SlotMap): Promise<AdminAccess> {
    return this.accessUnder(map);
  }
}

/**
 * The fleet that the flags name.
 * @throws UsageError for flags that do not go together; IrisError CONNECTION_FAILED when no local fleet or more than one runs, CONFIG_INVALID
 */
export function movedFleet(flags: FleetFlags, io: CommandIo): MovedFleet {
  const { 'slot-map': where, admin, state } = flags;
  if (where === undefined) {
    if (admin !== undefined) throw new UsageError('--admin goes with --slot-map');
    const fleet = findRunningFleet(io.cwd, state === undefined ? undefined : resolve(io.cwd, state));
    const access = AdminAccess.ofFleet(fleet);
    return new MovedFleet(new FileRegister(slotMapPath(fleet.stateDirectory)), async () => access);
  }
  if (state !== undefined) throw new UsageError('--state is of a local fleet, --slot-map of a deployed one');
  const asked = readAdminPlace(admin);
  return new MovedFleet(openRegister(placeFrom(where, io.cwd)), async (map) => new AdminAccess(await targetsAt(asked, map), ''));
}

/** A place as a command names it: paths count from the working folder. @throws IrisError CONFIG_INVALID */
export function placeFrom(where: string, cwd: string): ReturnType<typeof readSlotMapPlace> {
  const place = readSlotMapPlace(where);
  return place.kind === 'file' ? { kind: 'file', path: resolve(cwd, place.path) } : place;
}
