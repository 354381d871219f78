import { presets } from '../../../environments/presets.ts';
import { checkEnvironment, resolveEnvironment } from '../../../infra/plan/check-environment.ts';
import { problemLine } from '../../../infra/plan/environment-problem.ts';
import { IrisError } from '../../../runtime/contract/errors.ts';
import { counted, london, smallEnvironment, tokyo } from './small-environment.ts';

const linesOf = (document: unknown) => checkEnvironment(document).map(problemLine);
const regions = (...list: unknown[]) => ({ ...smallEnvironment(), regions: list });
const distributed = (...list: unknown[]) => ({ ...regions(...list), foundation: 'distributed' });

/** What is wrong, and the one line that says so. */
const WRONG: readonly (readonly [title: string, document: unknown, line: string])[] = [
  [
    'an unknown AWS region',
    regions(tokyo({ awsRegion: 'ap-northeast-9' }), london()),
    'regions[0].awsRegion: got "ap-northeast-9", must be one of AWS’s 35 commercial regions; did you mean ap-northeast-1',
  ],
  [
    'an unknown AWS region for the global stack',
    { ...smallEnvironment(), globalRegion: 'us-east-3' },
    'globalRegion: got "us-east-3", must be one of AWS’s 35 commercial regions; did you mean us-east-1',
  ],
  [
    'a region of another partition',
    regions(tokyo({ awsRegion: 'cn-north-1' }), london()),
    'regions[0].awsRegion: got "cn-north-1", must be one of AWS’s 35 commercial regions; did you mean eu-north-1',
  ],
  [
    'an instance type that is absent there',
    regions(tokyo({ awsRegion: 'me-central-1', instanceTypes: { edge: 'c6g.large', core: 'c7g.large' } }), london()),
    'regions[0].instanceTypes.core: got "c7g.large", must be a type that me-central-1 offers, c7g is absent there; set it for this region to c6g, or choose another AWS region',
  ],
  [
    'a store type that is absent there',
    distributed(tokyo({ awsRegion: 'af-south-1' }), london()),
    'regions[0].instanceTypes.store: got "i8g.4xlarge", must be a type that af-south-1 offers, i8g is absent there; set it for this region to i4i or i7ie, or choose another AWS region',
  ],
  [
    'an unknown instance type',
    { ...smallEnvironment(), instanceTypes: { edge: 'c7q.2xlarge' } },
    'instanceTypes.edge: got "c7q.2xlarge", must be an instance type that Iris has facts about; did you mean c7g.2xlarge',
  ],
  [
    'an Intel edge',
    { ...smallEnvironment(), instanceTypes: { edge: 'm5.large' } },
    'instanceTypes.edge: got "m5.large", must be a Graviton type, the runtime package carries Node for arm64; use c7g, c8g or c6g',
  ],
  [
    'a store without NVMe',
    { ...smallEnvironment(), instanceTypes: { store: 'r7g.xlarge' } },
    'instanceTypes.store: got "r7g.xlarge", must be a type with local NVMe, ScyllaDB keeps its data there; use i8g or i4i',
  ],
  [
    'overlapping networks',
    regions(tokyo(), london({ cidr: '10.0.128.0/17' })),
    'regions[1].cidr: got "10.0.128.0/17", must be apart from the 10.0.0.0/16 of regions[0] tokyo; give each region a block of its own',
  ],
  [
    'a network that is no block',
    regions(tokyo({ cidr: '10.0.0.0' }), london()),
    'regions[0].cidr: got "10.0.0.0", must be an IPv4 block such as 10.20.0.0/16, without bits behind its prefix; write the first address of the block and its prefix',
  ],
  [
    'a network with bits behind its prefix',
    regions(tokyo({ cidr: '10.0.4.0/16' }), london()),
    'regions[0].cidr: got "10.0.4.0/16", must be an IPv4 block such as 10.20.0.0/16, without bits behind its prefix; write the first address of the block and its prefix',
  ],
  [
    'a network too small for AWS',
    regions(tokyo({ cidr: '10.0.0.0/27' }), london()),
    'regions[0].cidr: got "10.0.0.0/27", must be a block of /16 to /24; take a larger block',
  ],
  [
    'a network too large for AWS',
    regions(tokyo({ cidr: '10.128.0.0/9' }), london()),
    'regions[0].cidr: got "10.128.0.0/9", must be a block of /16 to /24; take a smaller block',
  ],
  [
    'a network too small for its nodes',
    regions(counted({ edges: 60, shards: 2, cidr: '10.0.0.0/24', serves: { default: true } }), london({ userShare: 1 })),
    'regions[0].cidr: got "10.0.0.0/24", must be large enough for 121 nodes in 3 zones, it has room for 81; take a block with a shorter prefix',
  ],
  [
    'a public network',
    regions(tokyo({ cidr: '8.8.0.0/16' }), london()),
    'regions[0].cidr: got "8.8.0.0/16", must be inside 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10; take a private block',
  ],
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
    'no default region',
    regions(tokyo({ serves: {} }), london()),
    'regions[].serves.default: got [], must be true in exactly one region, or clients from elsewhere get no address; set serves.default to true in one region',
  ],
  [
    'two default regions',
    regions(tokyo(), london({ serves: { default: true } })),
    'regions[].serves.default: got ["tokyo","london"], must be true in exactly one region, or clients from elsewhere get no address; keep it in one of them',
  ],
  [
    'too few zones in the AWS region',
    regions(tokyo({ awsRegion: 'us-west-1' }), london()),
    'regions[0].awsRegion: got "us-west-1", must be an AWS region with the 3 zones that `zones` asks for, us-west-1 has 2; choose another AWS region, or list zoneIds of this region',
  ],
  [
    'too few zones for three copies',
    { ...distributed(tokyo(), london()), zones: 2 },
    'zones: got 2, must be at least 3 with the distributed foundation; raise it to 3',
  ],
  [
    'a zone of another region',
    regions(tokyo({ zoneIds: ['apne1-az1', 'euw2-az1'] }), london()),
    'regions[0].zoneIds: got ["euw2-az1"], must be zones of ap-northeast-1; it has apne1-az1, apne1-az2, apne1-az4',
  ],
  [
    'a zone listed twice',
    regions(tokyo({ zoneIds: ['apne1-az1', 'apne1-az1'] }), london()),
    'regions[0].zoneIds: got ["apne1-az1","apne1-az1"], must be different zones; list each once',
  ],
  [
    'no zone at all',
    regions(tokyo({ zoneIds: [] }), london()),
    'regions[0].zoneIds: got [], must be 1 to 4 zones; choose among apne1-az1, apne1-az2, apne1-az4',
  ],
  [
    'a name too long for a load balancer',
    regions(tokyo({ code: 'tokyo-second-district-east' }), london()),
    'regions[0].code: got "tokyo-second-district-east", must be short enough for the load balancer name iris-small-tokyo-second-district-east-edge, 32 characters at most; shorten the code or the environment’s name by 10',
  ],
  [
    'a code that ends in a dash',
    regions(tokyo({ code: 'tokyo-' }), london()),
    'regions[0].code: got "tokyo-", must be without a dash at its end or two in a row; AWS refuses such names, drop the dash',
  ],
  [
    'a code with capitals',
    regions(tokyo({ code: 'Tokyo' }), london()),
    'regions[0].code: got "Tokyo", must be lower-case letters, digits and dashes, 31 at most; Names the region in everything, such as tokyo',
  ],
  [
    'a name with a space',
    { ...smallEnvironment(), name: 'my chat' },
    'name: got "my chat", must be lower-case letters, digits and dashes, 31 at most; Names every resource; lower-case letters, digits and dashes',
  ],
  [
    'more shards than the slot map numbers',
    { ...smallEnvironment(), dailyActiveUsers: 6_554_000_000, shardsPerGroup: 500, connectionsPerEdge: 10_000_000 },
    'regions[].shards: got 65540, must be 65535 at most, the slot map numbers them with 16 bits over 1048576 slots; raise usersPerShard, or state fewer shards',
  ],
  [
    'more Auto Scaling groups than an account has',
    regions(counted({ shards: 25_000, serves: { default: true } }), london({ userShare: 1 })),
    'regions[0].shardGroups: got 500, must be below 500, the Auto Scaling groups of an account in one AWS region; raise shardsPerGroup, or split the region over accounts',
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
    'regions[0].edgeCount: got 4, must be a field that an environment has; remove it, or use one of code, awsRegion, account, zoneIds, cidr, userShare, edges, shards, shardGroups, firstShard, brokers, storeNodes, directoryNodes, serves, instanceTypes, amiId, storeAmiId',
  ],
  [
    'an unknown field deep inside',
    regions({ ...tokyo(), serves: { defualt: true } }, london()),
    'regions[0].serves.defualt: got true, must be a field that an environment has; did you mean default',
  ],
  [
    'an unknown continent',
    regions(tokyo(), london({ serves: { continents: ['UK'] } })),
    'regions[1].serves.continents: got "UK", must be a continent code of Route 53; use one of AF, AN, AS, EU, NA, OC, SA',
  ],
  [
    'a country in lower case',
    regions(tokyo(), london({ serves: { countries: ['gb'] } })),
    'regions[1].serves.countries: got "gb", must be a country code of ISO 3166, two capitals; did you mean GB',
  ],
  [
    'a country served twice',
    regions(tokyo({ serves: { default: true, countries: ['GB'] } }), london({ serves: { countries: ['GB'] } })),
    'regions[1].serves.countries: got "GB", must be served by one region, tokyo has it; drop it in one of them',
  ],
  [
    'a continent served twice',
    regions(tokyo({ serves: { default: true, continents: ['EU'] } }), london()),
    'regions[1].serves.continents: got "EU", must be served by one region, tokyo has it; drop it in one of them',
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
    'an account of 11 digits',
    regions(tokyo({ account: '12345678901' }), london()),
    'regions[0].account: got "12345678901", must be an account of 12 digits, or current; write it in quotes with its leading zeros',
  ],
  [
    'an account as a number',
    regions({ ...tokyo(), account: 123_456_789_012 }, london()),
    'regions[0].account: got 123456789012, must be of type string; AWS account of 12 digits, or current: the account of the credentials that deploy',
  ],
  [
    'a domain that is no DNS name',
    { ...smallEnvironment(), domain: 'Chat_Example' },
    'domain: got "Chat_Example", must be a DNS name of two labels or more in lower case, 210 characters at most; use a domain you own, such as chat.example.com',
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
    { ...smallEnvironment(), geoRouting: 'anycast' },
    'geoRouting: got "anycast", must be one of route53, cloudflare; Who sends a client to its nearest region',
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
  [
    'brokers without Kafka',
    regions(tokyo({ brokers: 3 }), london()),
    'regions[0].brokers: got 3, must be absent with the embedded foundation; drop it, or set foundation to distributed',
  ],
  [
    'brokers that do not spread over the zones',
    distributed(tokyo({ brokers: 4 }), london()),
    'regions[0].brokers: got 4, must be a multiple of the 3 zones; raise it to 6',
  ],
  [
    'a Valkey primary without a replica',
    distributed(tokyo({ directoryNodes: 7 }), london()),
    'regions[0].directoryNodes: got 7, must be even and 6 to 90, three primaries at least and a replica for each; set it to 8',
  ],
  [
    'a machine image that is none',
    regions(tokyo({ amiId: 'latest' }), london()),
    'regions[0].amiId: got "latest", must be an image id such as ami-0123456789abcdef0; Machine image of edges and cores (arm64). Default: the newest Amazon Linux 2023 at the first deployment',
  ],
  ['no region', { ...smallEnvironment(), regions: [] }, 'regions: got [], must be a list that is not empty; add an entry'],
];

describe('a wrong environment', () => {
  it.each(WRONG)('is refused for %s, in one line with field, value, limit and remedy', (_, document, line) => {
    expect(linesOf(document)).toEqual([line]);
  });

  it('is refused with every problem at once, the ones in broken fields included', () => {
    const document = {
      ...regions(tokyo({ awsRegion: 'ap-northest-1', cidr: '10.0.0.0/8' }), { ...london({ account: '1', edges: -1 }), colour: 'red' }),
      domain: 'nowhere',
      peakConcurrentShare: -1,
    };
    const fields = checkEnvironment(document).map(({ field }) => field);
    for (const field of [
      'regions[0].awsRegion',
      'regions[0].cidr',
      'regions[1].account',
      'regions[1].edges',
      'regions[1].colour',
      'regions[1].cidr',
      'domain',
      'peakConcurrentShare',
    ]) {
      expect(fields).toContain(field);
    }
  });

  it('fails with ENVIRONMENT_INVALID and one numbered line per problem', () => {
    const environment = smallEnvironment({ dailyActiveUsers: 0, domain: 'nowhere' });
    const refusal = catchError(() => resolveEnvironment(environment));
    expect(refusal).toBeInstanceOf(IrisError);
    expect(refusal).toMatchObject({ code: 'ENVIRONMENT_INVALID' });
    expect((refusal as IrisError).message.split('\n').map((line) => line.slice(0, 20))).toEqual([
      'environment small ha',
      '  1. dailyActiveUser',
      '  2. domain: got "no',
    ]);
  });

  it.each([null, 5, 'planet', [], {}, { regions: 5 }, { regions: [5, null] }])(
    'is refused, without a crash, when the document is %j',
    (document) => {
      expect(checkEnvironment(document).length).toBeGreaterThan(0);
    },
  );
});

describe('a good environment', () => {
  it.each([...presets.values()].map((preset) => [preset.name, preset] as const))('has no problem: %s', (_, preset) => {
    expect(linesOf(preset)).toEqual([]);
  });

  it('may state sizes in some regions and shares in the others', () => {
    const mixed = regions(tokyo(), london(), counted({ code: 'sydney', awsRegion: 'ap-southeast-2', cidr: '10.2.0.0/16' }));
    expect(linesOf(mixed)).toEqual([]);
  });

  it('needs neither AWS region nor geography on this machine', () => {
    const local = {
      name: 'desk',
      domain: 'desk.test',
      runsIn: 'local',
      dailyActiveUsers: 100,
      regions: [{ code: 'here', cidr: '10.0.0.0/16', edges: 1, shards: 1 }],
    };
    expect(linesOf(local)).toEqual([]);
  });
});

function catchError(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}
