/** Limits of AWS that a plan must respect before anything is synthesized. Taken in November 2026 from the services’ quota pages. */
export const AWS_LIMITS_TAKEN = { date: '2026-11', source: 'ELB, ElastiCache, MSK, VPC, Auto Scaling and Route 53 quota pages' } as const;

/** Characters of a load balancer’s or target group’s name. */
export const LOAD_BALANCER_NAME_MAX = 32;
/** Targets per zone and load balancer with cross-zone off are 500 (L-B211E961); a tenth is kept for instances that come and go. */
export const EDGES_PER_ZONE_MAX = 450;
/** Auto Scaling groups per account and AWS region (default quota); one per shard group and one for the edges. */
export const SCALING_GROUPS_MAX = 500;
/** Brokers of one MSK cluster with KRaft. */
export const BROKERS_MAX = 60;
/** Nodes of one store: each takes 14 kB of its stack’s template, mostly its user data, and 80 % of CloudFormation’s 1 MiB is what a template may have. */
export const STORE_NODES_MAX = 60;
/** Nodes of one Valkey cluster before AWS must be asked for more. */
export const DIRECTORY_NODES_MAX = 90;
/** Addresses AWS keeps of every subnet. */
export const SUBNET_ADDRESSES_RESERVED = 5;
/** Longest and shortest prefix of a region’s network: AWS allows /16 to /28, a zone needs two subnets of at least /27. */
export const NETWORK_PREFIX_MIN = 16;
export const NETWORK_PREFIX_MAX = 24;
/** AWS regions in which CloudFormation has no Cloud WAN attachment: rule F3006 of cloudformation-validate 1.14. */
export const WITHOUT_CLOUD_WAN: readonly string[] = ['ap-east-1', 'mx-central-1'];
/** Geolocation records of one name and type. */
export const GEOLOCATION_RECORDS_MAX = 100;
/** AWS regions behind one accelerator, and network load balancers in one of them (Global Accelerator’s quota page). */
export const ENDPOINT_GROUPS_MAX = 42;
export const ENDPOINTS_PER_GROUP_MAX = 10;
/** Volume of an MSK broker, gibibytes. */
export const BROKER_VOLUME_GIBIBYTES_MAX = 16_384;
