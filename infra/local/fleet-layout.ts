import { join } from 'node:path';
import { IrisError } from '../../runtime/contract/errors.ts';
import { checkNodeConfig, mergePatch, type NodeConfigDocument } from '../../runtime/contract/node-config.ts';
import { createSlotMap } from '../../runtime/contract/slot-map.ts';
import type { SlotMap } from '../../runtime/contract/slot-map-schema.ts';
import { EMBEDDED_FOLDER } from './engine-folders.ts';
import { adminTokenPath } from './fleet-file.ts';
import type { FleetGroup, FleetShape } from './fleet-shape.ts';

/** The first edge of a local fleet listens here, the next one port higher (O7: Tokyo 8085, Frankfurt 8086, São Paulo 8087). */
export const BASE_PORT_DEFAULT = 8_085;
const PORT_MAX = 65_535;
const HOST = '127.0.0.1';

/** One process of the fleet: its names, its ports on 127.0.0.1 and its config. */
export interface FleetNode {
  readonly id: string;
  readonly role: 'edge' | 'core';
  readonly region: string;
  /** The client port of an edge, the link port of a core. */
  readonly port: number;
  readonly adminPort: number;
  readonly configPath: string;
  readonly logPath: string;
  readonly config: unknown;
}

export interface FleetLayout {
  readonly environment: string;
  readonly stateDirectory: string;
  readonly slotMap: SlotMap;
  readonly slotMapPath: string;
  /** Holds the token of the nodes’ admin commands. */
  readonly adminTokenPath: string;
  readonly nodes: readonly FleetNode[];
  /** Where its edges find their certificate, and clients its authority; null where they speak plain TCP. */
  readonly tls: FleetTls | null;
}

export interface FleetTls {
  readonly authorityPath: string;
  readonly certificatePath: string;
  readonly keyPath: string;
}

export interface FleetLayoutOptions {
  readonly stateDirectory: string;
  readonly basePort: number;
  /** True: the edges speak TLS 1.3, and nothing else. */
  readonly hasTls?: boolean;
  /** Whether the environment’s rate limits are kept. @default false - who tries out a fleet, or loads it, does so from one address */
  readonly keepsRateLimits?: boolean;
  /** What a core's document says of its store, laid over the region's. @default a folder of the state for each group */
  readonly store?: unknown;
  /** What an edge’s document says of its session directory, laid over the region’s. @default each edge knows its own sessions */
  readonly directory?: unknown;
  /** The region's documents as a template carries them; what differs on one machine is laid over them. */
  documentsOf(region: string): { readonly edge: NodeConfigDocument; readonly core: NodeConfigDocument };
}

/**
 * Gives every node of a shape its ports, folders and config. Ports in a row from the base: clients of all edges, links of all cores,
 * then the admin listeners in the same order, so that a client's port can be told from the plan alone.
 * @throws IrisError ADDRESS_IN_USE when the row would pass port 65,535; CONFIG_INVALID when a config is refused by the node's own validator.
 */
export function layoutFleet(shape: FleetShape, options: FleetLayoutOptions): FleetLayout {
  const { basePort, stateDirectory, hasTls = false } = options;
  const places = placesOf(shape);
  checkPortRow(basePort, places.length * 2);
  const portOf = new Map(places.map((place, index) => [place.id, basePort + index]));
  const nodes = places.map((place, index) => {
    const ports = { port: basePort + index, adminPort: basePort + places.length + index };
    return layoutNode(place, ports, options);
  });
  const slotMap = createSlotMap({
    environment: shape.environment,
    version: shape.slotMapVersion,
    shards: shape.shards,
    regions: localRegions(shape, portOf),
  });
  return {
    environment: shape.environment,
    stateDirectory,
    slotMap,
    slotMapPath: join(stateDirectory, 'slot-map.json'),
    adminTokenPath: adminTokenPath(stateDirectory),
    nodes,
    tls: hasTls ? certificateFiles(stateDirectory) : null,
  };
}

function certificateFiles(stateDirectory: string): FleetTls {
  const folder = join(stateDirectory, 'tls');
  return {
    authorityPath: join(folder, 'authority.pem'),
    certificatePath: join(folder, 'certificate.pem'),
    keyPath: join(folder, 'key.pem'),
  };
}

/** A process that the shape asks for, before it has ports. */
type Place = { readonly id: string; readonly region: string } & (
  | { readonly role: 'edge' }
  | { readonly role: 'core'; readonly group: FleetGroup }
);

function placesOf({ regions }: FleetShape): Place[] {
  const edges = regions.flatMap(({ code, edges: count }) =>
    Array.from({ length: count }, (_, index): Place => ({ id: `${code}-edge-${index}`, role: 'edge', region: code })),
  );
  const cores = regions.flatMap((region) =>
    region.groups.map((group): Place => ({ id: group.core, role: 'core', region: region.code, group })),
  );
  const standbys = regions.flatMap((region) =>
    region.groups.flatMap((group): Place[] =>
      group.standby === undefined ? [] : [{ id: group.standby, role: 'core', region: region.code, group }],
    ),
  );
  return [...edges, ...cores, ...standbys];
}

function localRegions(shape: FleetShape, portOf: ReadonlyMap<string, number>): SlotMap['regions'] {
  return shape.regions.map((region) => ({
    code: region.code,
    awsRegion: region.awsRegion,
    groups: region.groups.map(({ core, standby, ...group }) => ({
      ...group,
      address: `${HOST}:${portOf.get(core)}`,
      ...(standby === undefined ? {} : { standby: [`${HOST}:${portOf.get(standby)}`] }),
    })),
  }));
}

function layoutNode(place: Place, ports: { port: number; adminPort: number }, options: FleetLayoutOptions): FleetNode {
  const documents = options.documentsOf(place.region);
  const without = mergePatch(documents[place.role], place.role === 'core' ? { store: STORE_WITHOUT_PLACES } : { directory: null });
  const config = mergePatch(without, localPatch(place, { ...ports, ...options }));
  const problems = checkNodeConfig(config);
  if (problems.length > 0) throw new IrisError('CONFIG_INVALID', `node config of ${place.id}: ${problems.join('; ')}`);
  return {
    id: place.id,
    role: place.role,
    region: place.region,
    ...ports,
    configPath: join(options.stateDirectory, 'nodes', `${place.id}.json`),
    logPath: join(options.stateDirectory, 'logs', `${place.id}.log`),
    config,
  };
}

/** Where a region keeps what a core has: its bounds stay, the places are this machine’s. */
const STORE_WITHOUT_PLACES = { directory: null, kafka: null, cql: null };

/** What a region’s document says of a core’s store, at places of this machine. */
export function storeAt(document: NodeConfigDocument, places: unknown): unknown {
  const store = document.role === 'core' ? document.store : {};
  return mergePatch(mergePatch(store, STORE_WITHOUT_PLACES), places);
}

type LocalPlace = Pick<FleetLayoutOptions, 'hasTls' | 'keepsRateLimits' | 'store' | 'directory'> & {
  readonly port: number;
  readonly adminPort: number;
};

/** Everything in which a node on this machine differs from the one in the cloud. Paths count from the config's folder. */
function localPatch(place: Place, { port, adminPort, hasTls, keepsRateLimits, store, directory = null }: LocalPlace): unknown {
  const listen = { host: HOST, port };
  const every = {
    node: place.id,
    local: true,
    slotMapPath: '../slot-map.json',
    slotMap: null,
    isSlotMapShared: true,
    admin: { host: HOST, port: adminPort, tokenPath: '../admin-token' },
    addresses: null,
  };
  if (place.role === 'edge') {
    const tls = hasTls === true ? { certificatePath: '../tls/certificate.pem', keyPath: '../tls/key.pem' } : null;
    // Where limits are asked for, whoever runs here is who they are for.
    const limits = { rateLimits: keepsRateLimits === true ? { unlimitedNetworks: null } : null };
    return {
      ...every,
      ...limits,
      directory,
      client: { ...listen, tls },
      authentication: { kind: 'none', issuer: null, audience: null, keysPath: null },
    };
  }
  const embedded = { kind: 'embedded', directory: `../${EMBEDDED_FOLDER}/${place.group.id}` };
  return { ...every, group: place.group.id, link: listen, store: store ?? embedded };
}

function checkPortRow(basePort: number, count: number): void {
  const last = basePort + count - 1;
  if (last <= PORT_MAX) return;
  throw new IrisError(
    'ADDRESS_IN_USE',
    `${count} ports from ${basePort} on would end at ${last}, the highest port is ${PORT_MAX}; choose a lower --base-port`,
  );
}
