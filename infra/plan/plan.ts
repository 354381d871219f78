import type { EnvironmentConfig } from '../../environments/environment.ts';
import type { CapacityPlan } from './capacity.ts';
import type { EdgeScalingPlan } from './edge-scaling.ts';
import type { RegionJoin, RegionJoinKind } from './region-joins.ts';

/**
 * What an environment needs, worked out once (design §1): templates, node configs, the local fleet and the reports read this and do no
 * arithmetic of their own. Plain data: it can be printed as JSON and compared.
 */
export interface Plan {
  /** The environment’s name. */
  readonly environment: string;
  readonly domain: string;
  readonly runsIn: 'cloud' | 'local';
  readonly foundation: 'embedded' | 'distributed';
  /** The first answers for the endpoint’s name, each further one for a name of its own. */
  readonly geoRouting: readonly RoutingKind[];
  /** AWS region of the global stack. */
  readonly globalRegion: string;
  readonly hostedZoneId: string | null;
  /** Account of the global stacks: 12 digits, or `current`. */
  readonly globalAccount: string;
  /** All accounts where there are several, the global one first; empty where one holds everything. */
  readonly accounts: readonly string[];
  readonly totals: PlanTotals;
  readonly regions: readonly RegionPlan[];
  /** On their way out: their stacks are there until the rollout’s last wave, and nothing else counts them. */
  readonly leaving: readonly RegionPlan[];
  readonly regionJoin: RegionJoinKind;
  /** Codes of the regions whose networks no template joins with the others. */
  readonly apart: readonly string[];
  /** Sides of all peerings, regions that leave included; empty for every other kind. */
  readonly joins: readonly RegionJoin[];
  readonly slotMap: SlotMapSummary;
  readonly capacity: CapacityPlan;
  readonly names: GlobalNames;
  readonly alerts: { readonly pager: AlertPlan | null; readonly reader: AlertPlan | null };
  /** Resolved: what a token must say. */
  readonly authentication: { readonly issuer: string; readonly audience: string };
  /** The environment with every default filled in. */
  readonly config: EnvironmentConfig;
}

export type RoutingKind = 'route53' | 'cloudflare' | 'anycast';

/** Where alarms go; null where nobody subscribes. */
export interface AlertPlan {
  readonly protocol: 'https' | 'email';
  /** SSM parameter, in each AWS region. */
  readonly endpointParameter: string;
}

export interface PlanTotals {
  readonly regions: number;
  readonly edges: number;
  readonly cores: number;
  readonly shardGroups: number;
  readonly shards: number;
  readonly concurrentConnections: number;
  readonly dailyActiveUsers: number;
  /** Zero with the embedded foundation. */
  readonly brokers: number;
  readonly storeNodes: number;
  readonly directoryNodes: number;
}

export interface RegionPlan {
  readonly code: string;
  readonly awsRegion: string;
  /** 12 digits, or `current`. */
  readonly account: string;
  /** The zone of its account where that is not the global one; null where names are in the environment’s own zone. */
  readonly accountZone: AccountZone | null;
  readonly zoneIds: readonly string[];
  readonly cidr: string;
  /** One per zone id, in their order. */
  readonly subnets: readonly ZoneSubnets[];
  readonly serves: {
    readonly default: boolean;
    readonly continents: readonly string[];
    readonly countries: readonly string[];
    readonly weight?: number | undefined;
  };
  /** Of the load balancer’s TLS: given, or made by the region’s stack for these hosts; null for plain TCP. */
  readonly clientCertificate: { readonly arn: string } | { readonly hosts: readonly string[] } | null;
  readonly edges: number;
  /** Bounds of the edges’ autoscaling. */
  readonly edgesMin: number;
  readonly edgesMax: number;
  /** When they grow and shrink between these; null where they are the same. */
  readonly edgeScaling: EdgeScalingPlan | null;
  /** Seconds for which the load balancer leaves the connections of an edge that it has let go of; above the edges’ drain. */
  readonly edgeDeregistrationSeconds: number;
  /** Share of the edges that are spot instances, 0 to 1. */
  readonly edgeSpotShare: number;
  /** All cores of the region: shardGroups × coresPerGroup. */
  readonly cores: number;
  /** 1 embedded, 2 (primary and standby) distributed. */
  readonly coresPerGroup: number;
  readonly shardGroups: number;
  readonly shards: number;
  readonly firstShard: number;
  /** Connections at the peak. */
  readonly connections: number;
  readonly dailyActiveUsers: number;
  readonly groups: readonly GroupPlan[];
  readonly instanceTypes: InstanceTypes;
  readonly amiId: string | null;
  readonly storeAmiId: string | null;
  /** Null with the embedded foundation. */
  readonly bus: BusPlan | null;
  readonly store: StorePlan | null;
  readonly directory: DirectoryPlan | null;
  readonly names: RegionNames;
  readonly addresses: RegionAddresses;
}

/** DNS zone of an account beside the global one. */
export interface AccountZone {
  readonly domain: string;
  readonly hostedZoneId: string;
}

export interface InstanceTypes {
  readonly edge: string;
  readonly core: string;
  readonly bus: string;
  readonly store: string;
  readonly directory: string;
}

/** The network of one zone: load balancers and gateways in the public block, nodes in the private one. */
export interface ZoneSubnets {
  readonly zoneId: string;
  readonly publicCidr: string;
  readonly privateCidr: string;
}

/** Shards `firstShard` … `firstShard + shardCount - 1`, and where their owner is reached. */
export interface GroupPlan {
  readonly id: string;
  readonly firstShard: number;
  readonly shardCount: number;
  /** host:port of the link listener: of its one core, or of the core in the first zone. */
  readonly address: string;
  /** The same of the cores in the other zones, any of which may own the group; none where a group has one core. */
  readonly standbyAddresses: readonly string[];
  /** Names of its cores; the first is the primary at first start. */
  readonly nodes: readonly string[];
}

export interface BusPlan {
  /** A multiple of the region’s zones. */
  readonly brokers: number;
  readonly instanceType: string;
  readonly kind: 'standard' | 'express';
  /** Gibibytes that each broker keeps: one day of the region’s messages, at 70 % full. Standard brokers’ volumes hold the copies too. */
  readonly volumeGibibytes: number;
  /** Up to which a standard broker’s volume grows by itself. */
  readonly volumeGibibytesMax: number;
}

export interface StorePlan {
  /** A multiple of the region’s zones. */
  readonly nodes: number;
  readonly instanceType: string;
  readonly replicas: number;
  /** Days that a backup is kept; one is made each day. */
  readonly backupDays: number;
  /** One of each node, in the order of their numbers. */
  readonly hosts: readonly string[];
  /** Host ids of dead predecessors by node number; each makes the node anew. */
  readonly replaced: Readonly<Record<string, readonly string[]>>;
}

export interface DirectoryPlan {
  /** Primaries and replicas together. */
  readonly nodes: number;
  readonly nodeGroups: number;
  readonly replicasPerGroup: number;
  readonly instanceType: string;
}

/** Names of one region’s resources, all from the environment’s name and the region’s code. */
export interface RegionNames {
  /** `iris-<environment>-<code>`: prefix of stacks and of every name below. */
  readonly prefix: string;
  /** At most 32 characters: ELB allows no more. */
  readonly loadBalancer: string;
  readonly targetGroup: string;
  readonly edgeFleet: string;
  readonly bus: string;
  readonly store: string;
  /** At most 40 characters: ElastiCache allows no more. */
  readonly directory: string;
  /** AppConfig application that brings new configs to running nodes; at most 64 characters. */
  readonly configApplication: string;
  /** SSM parameters that point to the node configs. */
  readonly edgeConfigParameter: string;
  readonly coreConfigParameter: string;
  /** Name of the first edge and the first core, as logs and the local fleet show them. */
  readonly firstEdge: string;
  readonly firstCore: string;
}

export interface RegionAddresses {
  /** Host name of the region’s own edges: `edge-<code>.<domain>`, with the domain of its account’s zone where it has one. */
  readonly edgeHost: string;
  /** host:port for clients. */
  readonly edge: string;
  /** Zone of the cores’ host names: `<group>.<coreZone>`. */
  readonly coreZone: string;
  /** host:port of the first group. */
  readonly firstCore: string;
}

export interface GlobalNames {
  /** `iris-<environment>-global`. */
  readonly prefix: string;
  /** Host name for clients everywhere: `edge.<domain>`. */
  readonly endpointHost: string;
  /** host:port for clients everywhere. */
  readonly endpoint: string;
  /** SSM parameter, in the global region only, with which the global stack points to the planned slot map. */
  readonly slotMapParameter: string;
  /** The one beside it that operators’ commands make and that counts from then on. */
  readonly publishedSlotMapParameter: string;
  /** SSM parameter with the PEM public keys of client tokens, one in each region. */
  readonly tokenKeysParameter: string;
}

/** The slot map in figures; `slotMapOf(plan)` builds the document. */
export interface SlotMapSummary {
  readonly version: number;
  readonly slots: number;
  readonly shards: number;
  readonly slotsPerShardMin: number;
  readonly slotsPerShardMax: number;
  readonly groups: number;
}
