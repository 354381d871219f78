/** Why a resource is there. `pattern` is matched against `<part of the stack> <logical id> <type>`, such as `edge EdgeTargets55EE53FC AWS::…`. */
export interface Reason {
  readonly pattern: RegExp;
  readonly what: string;
  /** Fields of the environment that make it and shape it. */
  readonly fields: readonly string[];
  /** Requirement rows, laws and threats behind it. */
  readonly rows: readonly string[];
}

const SIZE = ['regions[].edges', 'regions[].userShare', 'dailyActiveUsers', 'connectionsPerEdge'];
const SHARDS = ['regions[].shards', 'regions[].shardGroups', 'usersPerShard', 'shardsPerGroup'];

/** The first that matches counts. Every resource of every environment has one: a test sees to it. */
export const REASONS: readonly Reason[] = [
  { pattern: /^global Zone/, what: 'DNS zone of the environment’s domain', fields: ['domain', 'hostedZoneId'], rows: ['G1'] },
  {
    pattern: /^global SlotMap/,
    what: 'pointer to the slot map: which shard holds which users, and which group serves it',
    fields: [...SHARDS, 'slotMapVersion', 'regions'],
    rows: ['R1', 'R2', 'R3', 'C12', 'L11', 'L12', 'N2'],
  },
  {
    pattern: /^account (Outputs|Peering|SlotMap)/,
    what: 'what the environment’s other accounts may do in this one: read outputs of stacks, have peerings accepted, and nodes read the slot map',
    fields: ['accounts', 'globalAccount', 'regions[].account', 'regionJoin'],
    rows: ['L9', 'L11', 'A14'],
  },
  {
    pattern: /^routing Routing(Record|Weighted)/,
    what: 'answer for clients of one place: the nearest region’s own name, if it is healthy',
    fields: ['regions[].serves', 'geoRouting', 'domain'],
    rows: ['G1', 'P3'],
  },
  {
    pattern: /^anycast Anycast/,
    what: 'addresses that are the same everywhere, and the regions behind them',
    fields: ['geoRouting', 'anycastAddresses', 'regions[].awsRegion'],
    rows: ['G3'],
  },
  {
    pattern: /^network Network.* AWS::SSM::Parameter$/,
    what: 'id that the region’s other stacks read, so that none imports another’s output',
    fields: ['regions'],
    rows: ['L9', 'L11'],
  },
  {
    pattern: /^network Network(Nat|PrivateRoutes|PrivateAssociation|PrivateSubnet)/,
    what: 'network of nodes without public addresses, with a way out',
    fields: ['regions[].cidr', 'zones', 'regions[].zoneIds', 'foundation'],
    rows: ['A15'],
  },
  {
    pattern: /^network Network(Vpc|Public|Internet|S3Endpoint)/,
    what: 'the region’s own network, one block per zone',
    fields: ['regions[].cidr', 'zones', 'regions[].zoneIds'],
    rows: ['L9', 'A15'],
  },
  { pattern: /^network NetworkFlowLog/, what: 'record of what entered and left the network', fields: ['regions[].cidr'], rows: ['A15'] },
  {
    pattern: /^network Discovery/,
    what: 'list of the region’s cores, in which each registers itself and is found by its group',
    fields: ['foundation'],
    rows: ['R6'],
  },
  {
    pattern: /^(join|network CoreNetwork|global CoreNetwork)/,
    what: 'way between the cores of different regions, on the link port and nothing else',
    fields: ['regionJoin', 'regions[].cidr', 'regions'],
    rows: ['L9', 'R13', 'A15'],
  },
  {
    pattern: /^network Security/,
    what: 'who may reach whom: clients the load balancer, it the edges, edges and cores the cores; nothing else',
    fields: ['regions'],
    rows: ['A15', 'A22'],
  },
  {
    pattern: /^config (Rollout|Rejected|Config)/,
    what: 'how a new config reaches running nodes: a fifth at a time, taken back from all where one was not ready with it',
    fields: ['authentication', 'limits', 'rateLimits', 'regions'],
    rows: ['X9', 'R21', 'L12'],
  },
  {
    pattern: /^config NodeConfigs/,
    what: 'pointer to the config of the region’s edges or cores, by its content hash',
    fields: ['authentication', 'limits', 'rateLimits', 'regions'],
    rows: ['R21', 'C3', 'L12', 'A20'],
  },
  {
    pattern: /^edge EdgeNodes/,
    what: 'the region’s edges: a group that grows and shrinks, part of it spot',
    fields: [...SIZE, 'edgeSpotShare', 'edgeGrowthMax', 'instanceTypes.edge'],
    rows: ['K1', 'K11', 'O3', 'C6', 'C14'],
  },
  {
    pattern: /^edge EdgeScaling/,
    what: 'when the region’s edges grow and shrink: on what they publish themselves, and on their processors',
    fields: ['connectionsPerEdge', 'edgeGrowthMax', ...SIZE.slice(0, 2)],
    rows: ['O3', 'K11'],
  },
  {
    pattern: /^edge Edge\w+Name AWS::SSM::Parameter$/,
    what: 'name that CloudWatch knows the load balancer by, for the alarms',
    fields: ['regions'],
    rows: ['L9', 'O1'],
  },
  {
    pattern: /^monitor \w+ AWS::CloudWatch::(Composite)?Alarm$/,
    what: 'alarm of the region; docs/runbook.md says what to do',
    fields: ['regions', 'instanceTypes', 'traffic', 'connectionsPerEdge'],
    rows: ['O1', 'O4', 'K9', 'K10', 'D8'],
  },
  {
    pattern: /^monitor Monitoring/,
    what: 'dashboard of the region, or the way of its alarms to who is paged',
    fields: ['alerts'],
    rows: ['O1', 'O2', 'A17'],
  },
  {
    pattern: /^edge Edge(LoadBalancer|Listener|Targets)/,
    what: 'load balancer of the region’s clients, each connection to one edge',
    fields: ['regions[].zoneIds', 'zones', 'clientTls', 'regions[].certificateArn'],
    rows: ['G1', 'R19', 'C11', 'A9'],
  },
  {
    pattern: /^edge Clients/,
    what: 'certificate by which clients know the region’s load balancer, made and renewed by ACM',
    fields: ['clientTls', 'domain', 'geoRouting'],
    rows: ['A9'],
  },
  { pattern: /^edge EdgeRecord/, what: 'the region’s own name for its edges', fields: ['domain', 'regions[].code'], rows: ['G1', 'A27'] },
  {
    pattern: /^core CoreVolume/,
    what: 'volume with a shard group’s log and inboxes; its node’s successor attaches it again',
    fields: [...SHARDS, 'foundation'],
    rows: ['L1', 'B7', 'D1'],
  },
  {
    pattern: /^core CoreNodes/,
    what: 'owner of one shard group: as many nodes as the foundation needs, replaced when one dies',
    fields: [...SHARDS, 'foundation', 'instanceTypes.core'],
    rows: ['R3', 'R4', 'C13', 'K1'],
  },
  {
    pattern: /^(core|edge) \w*NodeTemplate/,
    what: 'how a node starts: image, metadata by token only, and the boot script that checks every hash',
    fields: ['instanceTypes', 'regions[].amiId'],
    rows: ['A12', 'A13', 'A20', 'C6'],
  },
  { pattern: /^(core|edge) Role/, what: 'what a node may do, and no more', fields: ['regions[].account'], rows: ['A14'] },
  {
    pattern: /^bus (Kafka|Bus)/,
    what: 'Kafka of the region: copies in every zone, encrypted, its clients known by IAM',
    fields: ['foundation', 'brokerKind', 'regions[].brokers', 'traffic', 'instanceTypes.bus'],
    rows: ['D5', 'R13', 'C16', 'A17'],
  },
  {
    pattern: /^store Scylla/,
    what: 'ScyllaDB node that is made once, with a name that stays and disks of its own, and its backups',
    fields: ['foundation', 'regions[].storeNodes', 'traffic', 'instanceTypes.store', 'regions[].storeAmiId', 'regions[].storeReplaced'],
    rows: ['D1', 'D2', 'D4', 'C7', 'C9'],
  },
  {
    pattern: /^directory Directory/,
    what: 'Valkey of the region: who is where, in every zone, encrypted',
    fields: ['foundation', 'regions[].directoryNodes', 'instanceTypes.directory'],
    rows: ['R17', 'R18', 'D8', 'A17'],
  },
  {
    pattern: /^media Media/,
    what: 'media and old messages of the region: private, encrypted, logged, cheaper with age; read through CloudFront by signed URLs',
    fields: ['media'],
    rows: ['D10', 'D12', 'D15', 'A16', 'A17'],
  },
];

/** The part of a stack’s name that says what it holds: `core` of `iris-proof-tokyo-core-0`, `global`, `routing`. */
function partOf(stack: string): string {
  if (stack.includes('-global-join-')) return 'join';
  if (stack.includes('-global-account-')) return 'account';
  const part = /-(network|config|bus|store|directory|media|core|edge|monitor|routing|anycast|global)(?:-\d+)?$/.exec(stack)?.[1];
  return part ?? '';
}

export function reasonOf(stack: string, logicalId: string, type: string): Reason | undefined {
  const name = `${partOf(stack)} ${logicalId} ${type}`;
  return REASONS.find(({ pattern }) => pattern.test(name));
}
