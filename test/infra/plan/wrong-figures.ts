import { counted, london, regions, smallEnvironment, tokyo, type WrongEnvironment } from './small-environment.ts';

/** Wrong in a figure, a share, a shard range or the name of a field. */
export const wrongFigures: readonly WrongEnvironment[] = [
  [
    'shares above 1',
    regions(tokyo(), london({ userShare: 0.5 })),
    'regions[].userShare: got 1.1, must be 1 in sum over all regions that have one; 0.1 is too much',
  ],
  [
    'shares below 1',
    regions(tokyo(), london({ userShare: 0.3 })),
    'regions[].userShare: got 0.9, must be 1 in sum over all regions that have one; 0.1 is left to give',
  ],
  ['a share above 1', regions(tokyo({ userShare: 1.5 })), 'regions[0].userShare: got 1.5, must be at most 1; lower it to 1'],
  [
    'two regions of one code',
    regions(tokyo(), london({ code: 'tokyo' })),
    'regions[1].code: got "tokyo", must be the only region of its code; regions[0] has it too, rename one',
  ],
  [
    'more shards than the slot map numbers',
    {
      ...smallEnvironment(),
      dailyActiveUsers: 6_554_000_000,
      shardsPerGroup: 500,
      connectionsPerEdge: 10_000_000,
      instanceTypes: { edge: 'c7g.12xlarge', core: 'c7g.4xlarge' },
    },
    'regions[].shards: got 65540, must be 65535 at most, the slot map numbers them with 16 bits over 1048576 slots; raise usersPerShard, or state fewer shards',
  ],
  [
    'more connections than an edge’s memory holds',
    { ...smallEnvironment(), connectionsPerEdge: 200_000 },
    'connectionsPerEdge: got 200000, must be 158253 at most, what 95 % of 2 GiB of a c7g.medium holds: 9100 bytes a connection, measured, and 600 MB for system and process; lower it, or set the type of these edges to c7g.large',
  ],
  [
    'more connections than any edge of the family holds',
    { ...smallEnvironment(), connectionsPerEdge: 5_000_000, instanceTypes: { edge: 't4g.small' } },
    'connectionsPerEdge: got 5000000, must be 158253 at most, what 95 % of 2 GiB of a t4g.small holds: 9100 bytes a connection, measured, and 600 MB for system and process; lower it to 158253',
  ],
  [
    'negative edges',
    regions(counted({ edges: -5, serves: { default: true } }), london({ userShare: 1 })),
    'regions[0].edges: got -5, must be at least 1; raise it to 1',
  ],
  [
    'a fraction of a shard',
    regions(counted({ shards: 2.5, serves: { default: true } }), london({ userShare: 1 })),
    'regions[0].shards: got 2.5, must be a whole number; round it, to 3 for example',
  ],
  ['no users', { ...smallEnvironment(), dailyActiveUsers: 0 }, 'dailyActiveUsers: got 0, must be at least 1; raise it to 1'],
  [
    'users as text',
    { ...smallEnvironment(), dailyActiveUsers: '5000' },
    'dailyActiveUsers: got "5000", must be of type number; Users of a day, all regions together',
  ],
  [
    'a missing field',
    { ...smallEnvironment(), dailyActiveUsers: undefined },
    'dailyActiveUsers: got nothing, must be given; add it: Users of a day, all regions together',
  ],
  [
    'an unknown field',
    { ...smallEnvironment(), dailyActivUsers: 5 },
    'dailyActivUsers: got 5, must be a field that an environment has; did you mean dailyActiveUsers',
  ],
  [
    'an unknown field of a region',
    regions({ ...tokyo(), edgeCount: 4 }, london()),
    'regions[0].edgeCount: got 4, must be a field that an environment has; remove it, or use one of code, awsRegion, account, zoneIds, cidr, userShare, edges, shards, shardGroups, firstShard, brokers, storeNodes, storeReplaced, directoryNodes, serves, leaves, instanceTypes, certificateArn, amiId, storeAmiId',
  ],
  [
    'an unknown field deep inside',
    regions({ ...tokyo(), serves: { defualt: true } }, london()),
    'regions[0].serves.defualt: got true, must be a field that an environment has; did you mean default',
  ],
  [
    'more edges than the load balancer has targets',
    { ...regions(counted({ edges: 1_400, serves: { default: true } }), london({ userShare: 1 })), edgesPerRegionMax: 2_000 },
    'regions[0].edges: got 1400, must be 1350 at most, 450 targets of the load balancer in each of 3 zones; split the region in two, or raise connectionsPerEdge',
  ],
  [
    'more edges than a region may have',
    regions(counted({ edges: 101, serves: { default: true } }), london({ userShare: 1 })),
    'regions[0].edges: got 101, must be 100 at most, as edgesPerRegionMax says; split the region in two, or raise edgesPerRegionMax',
  ],
  [
    'a peak share above 1',
    { ...smallEnvironment(), peakConcurrentShare: 1.2 },
    'peakConcurrentShare: got 1.2, must be at most 1; lower it to 1',
  ],
  ['a peak share of 0', { ...smallEnvironment(), peakConcurrentShare: 0 }, 'peakConcurrentShare: got 0, must be above 0; raise it'],
  ['a spot share above 1', { ...smallEnvironment(), edgeSpotShare: 70 }, 'edgeSpotShare: got 70, must be at most 1; lower it to 1'],
  ['a safety factor below 1', { ...smallEnvironment(), safetyFactor: 0.5 }, 'safetyFactor: got 0.5, must be at least 1; raise it to 1'],
  [
    'an unknown foundation',
    { ...smallEnvironment(), foundation: 'embeded' },
    'foundation: got "embeded", must be one of embedded, distributed; did you mean embedded',
  ],
  [
    'an unknown geo-routing',
    { ...smallEnvironment(), geoRouting: ['bgp'] },
    'geoRouting[0]: got "bgp", must be one of route53, cloudflare, anycast; Who sends a client to its nearest region: the first under edge.<domain>, each further one beside it under its own name, such as anycast.edge.<domain>',
  ],
  [
    'a share beside edges',
    regions(tokyo({ edges: 2 }), london()),
    'regions[0].userShare: got 0.6, must be absent where edges or shards are stated; keep the share, or keep edges and shards',
  ],
  [
    'neither share nor size',
    regions({ code: 'tokyo', awsRegion: 'ap-northeast-1', cidr: '10.0.0.0/16', serves: { default: true } }, london({ userShare: 1 })),
    'regions[0].userShare: got nothing, must be given, or both edges and shards; say how many users the region has, or its exact size',
  ],
  [
    'too few edges for the users',
    { ...regions(counted({ serves: { default: true } })), dailyActiveUsers: 3_000_000, usersPerShard: 2_000_000 },
    'regions[].edges: got 2, must be 3 in sum, for 3000000 users of whom 0.1 are connected, 100000 to an edge; add 1 edges, or raise connectionsPerEdge',
  ],
  [
    'too few shards for the users',
    { ...regions(counted({ serves: { default: true } })), dailyActiveUsers: 500_000 },
    'regions[].shards: got 2, must be 5 in sum, for 500000 users, 100000 to a shard; add 3 shards, or raise usersPerShard',
  ],
  [
    'shard ranges that overlap',
    regions(tokyo(), london({ firstShard: 1 })),
    'regions[1].firstShard: got 1, must be 2, free: the shards before it end there; set it to 2, or leave it out',
  ],
  [
    'a gap between shard ranges',
    regions(tokyo(), london({ firstShard: 9 })),
    'regions[1].firstShard: got 9, must be 2, the next number: shards between would belong to no region; set it to 2, or leave it out',
  ],
  [
    'more groups than shards',
    regions(counted({ shardGroups: 3, serves: { default: true } }), london({ userShare: 1 })),
    'regions[0].shardGroups: got 3, must be 2 at most, a group has one shard at least; state fewer groups or more shards',
  ],
  [
    'groups that are too large',
    regions(counted({ shards: 120, shardGroups: 2, serves: { default: true } }), london({ userShare: 1 })),
    'regions[0].shardGroups: got 2, must be at least 3, for 120 shards of which a group takes 50; raise it to 3, or leave it out',
  ],
  ['no region', { ...smallEnvironment(), regions: [] }, 'regions: got [], must be a list that is not empty; add an entry'],
];
