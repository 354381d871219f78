import { AdminAccess, type AdminTarget } from '../infra/local/admin-access.ts';
import { ADMIN_PORT } from '../infra/plan/names.ts';
import { cloudMapAddresses } from '../runtime/adapters/discovery/cloud-map.ts';
import { serviceAddresses } from '../runtime/adapters/discovery/srv-records.ts';
import { IrisError } from '../runtime/contract/errors.ts';
import type { SlotMap } from '../runtime/contract/slot-map-schema.ts';
import { UsageError } from './command.ts';

/** Where the admin listeners of a deployed environment’s cores are found. */
export type AdminPlace =
  /** At the addresses of the slot map, on another port. */
  | { readonly kind: 'map'; readonly port: number }
  | { readonly kind: 'list'; readonly addresses: readonly string[] }
  /** SRV records; `server` is asked in place of the system’s. */
  | { readonly kind: 'srv'; readonly name: string; readonly server?: string }
  | { readonly kind: 'cloudmap'; readonly awsRegion: string; readonly namespace: string; readonly service: string; readonly port: number };

const ADDRESS = /^[^\s:,/]+:\d{1,5}$/;

/** @throws UsageError */
export function readAdminPlace(text: string = `:${ADMIN_PORT}`): AdminPlace {
  const port = /^:(\d{1,5})$/.exec(text)?.[1];
  if (port !== undefined) return { kind: 'map', port: Number(port) };
  const [, name, server] = /^srv:([^@\s]+)(?:@(\S+))?$/.exec(text) ?? [];
  if (name !== undefined) return { kind: 'srv', name, ...(server === undefined ? {} : { server }) };
  const [, awsRegion, namespace, service, listed] = /^cloudmap:\/\/([^/]+)\/([^/]+)\/([^/:]+)(?::(\d{1,5}))?$/.exec(text) ?? [];
  if (awsRegion !== undefined && namespace !== undefined && service !== undefined)
    return { kind: 'cloudmap', awsRegion, namespace, service, port: Number(listed ?? ADMIN_PORT) };
  const addresses = text.split(',');
  if (addresses.every((address) => ADDRESS.test(address))) return { kind: 'list', addresses };
  throw new UsageError(
    `--admin is '${text}', it must be host:port,…, :port, srv:<name>[@server:port] or cloudmap://<aws region>/<namespace>/<service>[:port]`,
  );
}

/** The cores there, each with its group and region as far as it says so. @throws IrisError ENGINE_UNAVAILABLE, AWS_REFUSED, CONNECTION_FAILED */
export async function targetsAt(place: AdminPlace, map: SlotMap): Promise<AdminTarget[]> {
  if (place.kind === 'map') return targetsOf(map, place.port);
  const addresses = await addressesAt(place);
  if (addresses.length === 0) throw new IrisError('CONNECTION_FAILED', 'no admin listener is listed there');
  return await Promise.all(addresses.map((address) => introduced(address, map)));
}

function addressesAt(place: Exclude<AdminPlace, { kind: 'map' }>): Promise<readonly string[]> {
  switch (place.kind) {
    case 'list':
      return Promise.resolve(place.addresses);
    case 'srv':
      return serviceAddresses(place.name, place.server);
    case 'cloudmap':
      return cloudMapAddresses(place, ({ ipv4 }) => `${ipv4}:${place.port}`);
  }
}

function targetsOf({ regions }: SlotMap, port: number): AdminTarget[] {
  return regions.flatMap(({ code, groups }) =>
    groups.flatMap(({ id, address, standby = [] }) =>
      [address, ...standby].map((link, index): AdminTarget => {
        const host = link.slice(0, link.lastIndexOf(':'));
        return { id: index === 0 ? id : `${id} standby ${index}`, role: 'core', region: code, address: `${host}:${port}` };
      }),
    ),
  );
}

/** Who is not known yet is asked which group it is of; who does not answer stays a core of nowhere, and edges say that they have no such page. */
async function introduced(address: string, map: SlotMap): Promise<AdminTarget> {
  const stranger: AdminTarget = { id: address, role: 'core', region: '', address };
  try {
    const { group } = (await new AdminAccess([], '').page(stranger, 'ownership')) as { group: string };
    const region = map.regions.find(({ groups }) => groups.some(({ id }) => id === group))?.code ?? '';
    return { ...stranger, id: `${group} at ${address}`, region };
  } catch (error) {
    return error instanceof IrisError && error.code === 'COMMAND_INVALID' ? { ...stranger, role: 'edge' } : stranger;
  }
}
