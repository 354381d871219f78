import { PUBLISHED_ENDING } from '../../runtime/contract/slot-map-place.ts';
import type { GlobalNames, Plan, RegionAddresses, RegionNames, RegionPlan, RoutingKind } from './plan.ts';

/** Where clients connect, v1 and v2 alike (P3). */
export const CLIENT_PORT = 8443;
/** Where edges and cores link to a core. */
export const LINK_PORT = 7400;
/** Health, readiness and metrics. */
export const ADMIN_PORT = 9400;

/**
 * Every name comes from the environment’s name and the region’s code alone, so regions can refer to each other without asking and a
 * region added later renames nothing.
 */
export function regionNames(environment: string, code: string): RegionNames {
  const prefix = `iris-${environment}-${code}`;
  return {
    prefix,
    loadBalancer: `${prefix}-edge`,
    targetGroup: `${prefix}-edge`,
    edgeFleet: `${prefix}-edge`,
    bus: `${prefix}-bus`,
    store: `${prefix}-store`,
    directory: `${prefix}-directory`,
    configApplication: prefix,
    edgeConfigParameter: `/iris/${environment}/${code}/edge-config`,
    coreConfigParameter: `/iris/${environment}/${code}/core-config`,
    firstEdge: edgeNodeName(code, 0),
    firstCore: coreNodeName(groupId(code, 0), 0),
  };
}

export function globalNames(environment: string, domain: string): GlobalNames {
  return {
    prefix: `iris-${environment}-global`,
    endpointHost: `edge.${domain}`,
    endpoint: `edge.${domain}:${CLIENT_PORT}`,
    slotMapParameter: `/iris/${environment}/slot-map`,
    publishedSlotMapParameter: `/iris/${environment}/slot-map${PUBLISHED_ENDING}`,
    tokenKeysParameter: `/iris/${environment}/token-keys`,
  };
}

/** The name under which one way of routing answers: the endpoint’s for the first, `<kind>.<endpoint>` for the others. */
export function endpointHostOf({ geoRouting, names }: Pick<Plan, 'geoRouting' | 'names'>, kind: RoutingKind): string {
  return geoRouting[0] === kind ? names.endpointHost : `${kind}.${names.endpointHost}`;
}

export function regionAddresses(domain: string, code: string, firstCore: string): RegionAddresses {
  const edgeHost = edgeHostOf(domain, code);
  return { edgeHost, edge: `${edgeHost}:${CLIENT_PORT}`, coreZone: coreZone(domain), firstCore };
}

/** Domain below which a region’s own names are. */
export function domainOf({ domain }: Pick<Plan, 'domain'>, { accountZone }: Pick<RegionPlan, 'accountZone'>): string {
  return accountZone?.domain ?? domain;
}

/** A region’s own name for its edges. */
export function edgeHostOf(domain: string, code: string): string {
  return `edge-${code}.${domain}`;
}

/** Stack with what an account lets the environment’s other accounts do. */
export function accountStackName(environment: string, account: string): string {
  return `${globalNames(environment, '').prefix}-account-${account}`;
}

/** Roles by which the accounts of an environment reach each other, and the path of their nodes’ own: known before anything is deployed. */
export function accountRoles(environment: string) {
  const prefix = `iris-${environment}`;
  return {
    /** In every account: reads outputs of the environment’s stacks. */
    outputs: `${prefix}-outputs`,
    /** In every account: accepts peerings with its networks. */
    peering: `${prefix}-peering`,
    /** In the global account: reads the slot map. */
    slotMap: `${prefix}-slot-map`,
    nodePath: `/iris/${environment}/`,
  } as const;
}

export function roleArn(account: string, name: string): string {
  return `arn:aws:iam::${account}:role/${name}`;
}

/** Stack with one region’s side of its peerings. */
export function joinStackName(environment: string, code: string): string {
  return `${globalNames(environment, '').prefix}-join-${code}`;
}

/** `tokyo-g0` */
export function groupId(code: string, index: number): string {
  return `${code}-g${index}`;
}

/** `tokyo-edge-0` */
export function edgeNodeName(code: string, index: number): string {
  return `${code}-edge-${index}`;
}

/** `tokyo-g0-a`, and `tokyo-g0-b` for its standby. */
export function coreNodeName(group: string, index: number): string {
  return `${group}-${String.fromCharCode('a'.charCodeAt(0) + index)}`;
}

/** host:port at which every edge and core of the environment reaches the group’s one core, or the core that it has in a zone. */
export function groupAddress(domain: string, group: string, zoneId?: string): string {
  return `${groupHost(domain, group, zoneId)}:${LINK_PORT}`;
}

/** `tokyo-g0.core.<domain>`, and `tokyo-g0-apne1-az4.core.<domain>` for a core beside others. */
export function groupHost(domain: string, group: string, zoneId?: string): string {
  return `${group}${zoneId === undefined ? '' : `-${zoneId}`}.${coreZone(domain)}`;
}

/** `tokyo-s0.store.<domain>`: a node of the store, whichever machine it runs on. */
export function storeHost(domain: string, code: string, ordinal: number): string {
  return `${code}-s${ordinal}.store.${domain}`;
}

function coreZone(domain: string): string {
  return `core.${domain}`;
}
