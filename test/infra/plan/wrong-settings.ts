import { counted, london, regions, smallEnvironment, tokyo, type WrongEnvironment } from './small-environment.ts';

const elevenRegions = Array.from({ length: 11 }, (_, index) =>
  counted({ code: `region-${index}`, cidr: `10.${index}.0.0/16`, serves: { default: index === 0 } }),
);
const networks = Array.from({ length: 999 }, (_, index) => `10.${Math.floor(index / 256)}.${index % 256}.0/24`);

/** Wrong in what nodes hold, what users may do, what they send, who is told, or how networks are joined. */
export const wrongSettings: readonly WrongEnvironment[] = [
  [
    'a place to run in that there is not',
    { ...smallEnvironment(), runsIn: 'cellar' },
    'runsIn: got "cellar", must be one of cloud, local; cloud: templates can be synthesized, and `iris up` can still run it here. local: this machine only, without authentication',
  ],
  [
    'groups of more users than a core’s memory holds',
    { ...regions(counted({ shards: 400, serves: { default: true } }), london({ userShare: 1 })), shardsPerGroup: 200 },
    'shardsPerGroup: got 200, must be 109 at most, of 100000 users each, what 95 % of 4 GiB of a c7g.large holds: 325 bytes a daily user, measured, and 520 MB for system and process; lower it or usersPerShard, or set the type of these cores to c7g.xlarge',
  ],
  [
    'a shard of more users than a core’s memory holds',
    { ...smallEnvironment(), usersPerShard: 20_000_000 },
    'usersPerShard: got 20000000, must be 10974780 at most, what 95 % of 4 GiB of a c7g.large holds: 325 bytes a daily user, measured, and 520 MB for system and process; lower it, or set the type of these cores to c7g.xlarge',
  ],
  [
    'users of a shard that no core of the family holds',
    { ...smallEnvironment(), usersPerShard: 2_000_000_000, instanceTypes: { core: 't4g.small' } },
    'usersPerShard: got 2000000000, must be 4685910 at most, what 95 % of 2 GiB of a t4g.small holds: 325 bytes a daily user, measured, and 520 MB for system and process; lower it',
  ],
  ['groups without shards', { ...smallEnvironment(), shardsPerGroup: 0 }, 'shardsPerGroup: got 0, must be at least 1; raise it to 1'],
  ['fewest edges of none', { ...smallEnvironment(), edgesMin: 0 }, 'edgesMin: got 0, must be at least 1; raise it to 1'],
  [
    'most edges as text',
    { ...smallEnvironment(), edgesPerRegionMax: 'many' },
    'edgesPerRegionMax: got "many", must be of type number; Most edges a region may be planned with (C15)',
  ],
  ['growth below 1', { ...smallEnvironment(), edgeGrowthMax: 0.5 }, 'edgeGrowthMax: got 0.5, must be at least 1; raise it to 1'],
  [
    'an Intel core',
    { ...smallEnvironment(), instanceTypes: { core: 'm5.large' } },
    'instanceTypes.core: got "m5.large", must be a Graviton type, the runtime package carries Node for arm64; use c7g, c8g or c6g',
  ],
  [
    'negative messages',
    { ...smallEnvironment(), traffic: { messagesPerUserPerDay: -1 } },
    'traffic.messagesPerUserPerDay: got -1, must be above 0; raise it',
  ],
  [
    'messages of no bytes',
    { ...smallEnvironment(), traffic: { messageBytes: 0 } },
    'traffic.messageBytes: got 0, must be at least 1; raise it to 1',
  ],
  [
    'a peak below the average',
    { ...smallEnvironment(), traffic: { peakToAverage: 0.9 } },
    'traffic.peakToAverage: got 0.9, must be at least 1; raise it to 1',
  ],
  [
    'a store that keeps nothing',
    { ...smallEnvironment(), traffic: { retentionDays: 0 } },
    'traffic.retentionDays: got 0, must be above 0; raise it',
  ],
  [
    'more copies than a node’s config takes',
    { ...smallEnvironment(), traffic: { replicas: 10 } },
    'traffic.replicas: got 10, must be at most 9; lower it to 9',
  ],
  [
    'compression that makes longer',
    { ...smallEnvironment(), traffic: { compressionRatio: 0.5 } },
    'traffic.compressionRatio: got 0.5, must be at least 1; raise it to 1',
  ],
  [
    'peering of too many regions',
    regions(...elevenRegions),
    'regionJoin: got "peering", must be cloud-wan or none with 11 regions, peering joins 10 at most; set it to cloud-wan',
  ],
  [
    'an unknown join of networks',
    { ...smallEnvironment(), regionJoin: 'vpn' },
    'regionJoin: got "vpn", must be one of peering, cloud-wan, none; How networks of different regions are joined, so that messages cross: peering of each with each, free and for 10 regions at most; AWS Cloud WAN, some $410 a month a region; or none, left to you',
  ],
  [
    'a zone that is none of Route 53',
    { ...smallEnvironment(), hostedZoneId: 'chat.example.com' },
    'hostedZoneId: got "chat.example.com", must be a Route 53 zone id, Z and capitals or digits; Route 53 zone of the domain. Default: the global stack makes one',
  ],
  [
    'an issuer of no characters',
    { ...smallEnvironment(), authentication: { issuer: '' } },
    'authentication.issuer: got "", must be a text that is not empty; write it, or leave it out',
  ],
  [
    'three addresses for anycast',
    { ...smallEnvironment(), geoRouting: ['anycast'], anycastAddresses: ['203.0.113.10', '203.0.113.11', '203.0.113.12'] },
    'anycastAddresses: got ["203.0.113.10","203.0.113.11","203.0.113.12"], must be a list of 2 at most; take some out',
  ],
  [
    'an audience that is a list',
    { ...smallEnvironment(), authentication: { audience: ['iris'] } },
    'authentication.audience: got ["iris"], must be of type string; `aud` that a client’s token must carry',
  ],
  [
    'certificates of someone else’s',
    { ...smallEnvironment(), clientTls: 'letsencrypt' },
    'clientTls: got "letsencrypt", must be one of none, acm; What clients speak with the load balancers. none: plain TCP, which anyone on the way can read. acm: TLS 1.3 and nothing else, with a certificate that ACM makes in each region and proves by records of the zone; v1 clients then need a tunnel',
  ],
  [
    'a pager by text message',
    { ...smallEnvironment(), alerts: { pager: 'sms' } },
    'alerts.pager: got "sms", must be one of none, https, email; Who is woken: https for a pager’s integration, or email. Its endpoint is a secret, so each AWS region’s SSM parameter /iris/<name>/pager-endpoint has it',
  ],
  [
    'a reader who is an address',
    { ...smallEnvironment(), alerts: { reader: 'ops@example.com' } },
    'alerts.reader: got "ops@example.com", must be one of none, https, email; Who is told by day what can wait; endpoint in /iris/<name>/reader-endpoint',
  ],
  [
    'a queue of no bytes',
    { ...smallEnvironment(), limits: { sessionQueuedBytesMax: 0 } },
    'limits.sessionQueuedBytesMax: got 0, must be at least 1; raise it to 1',
  ],
  [
    'a drain of over an hour',
    { ...smallEnvironment(), limits: { drainTimeoutMs: 7_200_000 } },
    'limits.drainTimeoutMs: got 7200000, must be at most 3600000; lower it to 3600000',
  ],
  [
    'an inbox of a fraction',
    { ...smallEnvironment(), limits: { inboxEnvelopesMax: 0.5 } },
    'limits.inboxEnvelopesMax: got 0.5, must be a whole number; round it, to 1 for example',
  ],
  [
    'an inbox of no bytes',
    { ...smallEnvironment(), limits: { inboxBytesMax: 0 } },
    'limits.inboxBytesMax: got 0, must be at least 1; raise it to 1',
  ],
  [
    'an outbox without envelopes',
    { ...smallEnvironment(), limits: { outboxEnvelopesMax: 0 } },
    'limits.outboxEnvelopesMax: got 0, must be at least 1; raise it to 1',
  ],
  [
    'an outbox of negative bytes',
    { ...smallEnvironment(), limits: { outboxBytesMax: -1 } },
    'limits.outboxBytesMax: got -1, must be at least 1; raise it to 1',
  ],
  [
    'messages that wait longer than rows can',
    { ...smallEnvironment(), limits: { inboxRetentionDays: 7_300 } },
    'limits.inboxRetentionDays: got 7300, must be at most 3650; lower it to 3650',
  ],
  [
    'messages that wait for no day',
    { ...smallEnvironment(), limits: { outboxRetentionDays: 0 } },
    'limits.outboxRetentionDays: got 0, must be at least 1; raise it to 1',
  ],
  [
    'buckets that take nothing',
    { ...smallEnvironment(), limits: { bucketMessagesPerSecondMax: 0 } },
    'limits.bucketMessagesPerSecondMax: got 0, must be at least 1; raise it to 1',
  ],
  [
    'a bound that the runtime does not have',
    { ...smallEnvironment(), limits: { inboxEnvelopeMax: 5 } },
    'limits.inboxEnvelopeMax: got 5, must be a field that an environment has; did you mean inboxEnvelopesMax',
  ],
  [
    'a rate of no messages',
    { ...smallEnvironment(), rateLimits: { messages: 0 } },
    'rateLimits.messages: got 0, must be at least 1; raise it to 1',
  ],
  [
    'a rate that is never',
    { ...smallEnvironment(), rateLimits: { requests: 'never' } },
    'rateLimits.requests: got "never", must be a whole number of 1 to 1000000, or off; Queries, reads and typing signals of one user in a minute, or off (D11)',
  ],
  [
    'a rate of too many connections',
    { ...smallEnvironment(), rateLimits: { connections: 1_000_001 } },
    'rateLimits.connections: got 1000001, must be at most 1000000; lower it to 1000000',
  ],
  [
    'a rate of half a login',
    { ...smallEnvironment(), rateLimits: { failedLogins: 0.5 } },
    'rateLimits.failedLogins: got 0.5, must be a whole number of 1 to 1000000, or off; Refused logins of one address in a minute, or off (D11)',
  ],
  [
    'an unlimited address in place of a network',
    { ...smallEnvironment(), rateLimits: { unlimitedNetworks: ['203.0.113.10'] } },
    'rateLimits.unlimitedNetworks[0]: got "203.0.113.10", must be a network such as 203.0.113.0/24; Networks whose addresses are not limited, such as a carrier’s with thousands of users behind one address (C8)',
  ],
  [
    'a quota by its name',
    { ...smallEnvironment(), quotas: { vcpu: 64 } },
    'quotas: got "vcpu", must be a quota code such as L-1216C47A; write the name as it is listed',
  ],
  ['a version before the first', { ...smallEnvironment(), slotMapVersion: 0 }, 'slotMapVersion: got 0, must be at least 1; raise it to 1'],
  [
    'a weight above Route 53’s',
    regions(tokyo(), london({ serves: { continents: ['EU'], weight: 256 } })),
    'regions[1].serves.weight: got 256, must be at most 255; lower it to 255',
  ],
  [
    'an Intel edge in one region',
    regions(tokyo({ instanceTypes: { edge: 'm5.large' } }), london()),
    'regions[0].instanceTypes.edge: got "m5.large", must be a Graviton type, the runtime package carries Node for arm64; use c7g, c8g or c6g',
  ],
  [
    'more unlimited networks than a node’s config takes',
    { ...smallEnvironment(), rateLimits: { unlimitedNetworks: networks } },
    'rateLimits.unlimitedNetworks: got ["10.0.0.0/24","10.0.1.0/24","10.0.2.0/24","10.0.3.0/24","10.0.4.0/24","10.0.5.0/24","10.0.6.0/24","10.0.7.0/24","10.0.8…, must be a list of 998 at most; take some out',
  ],
];
