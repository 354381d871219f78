import type { Region } from '../../../environments/region.ts';
import { counted, london, regions, smallEnvironment, tokyo, type WrongEnvironment } from './small-environment.ts';

const CERTIFICATE = '12345678-1234-1234-1234-123456789012';
const distributed = (...list: unknown[]) => ({ ...regions(...list), foundation: 'distributed' });

const ZONES = { '222222222222': { domain: 'two.chat.example.com', hostedZoneId: 'Z2' } };
/** The small environment with London in an account of its own. */
const overAccounts = (changes: Partial<Region> = {}) => ({
  ...regions(tokyo(), london({ account: '222222222222', ...changes })),
  globalAccount: '111111111111',
  accounts: ZONES,
});

/** Wrong about AWS, networks, names or geography. */
export const wrongPlaces: readonly WrongEnvironment[] = [
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
    'routing named twice',
    { ...smallEnvironment(), geoRouting: ['route53', 'route53'] },
    'geoRouting: got ["route53","route53"], must be a list without repetition; list each once',
  ],
  [
    'addresses of one’s own without anycast',
    { ...smallEnvironment(), anycastAddresses: ['203.0.113.10'] },
    'anycastAddresses: got ["203.0.113.10"], must be empty where anycast does not route; add anycast to geoRouting, or leave the addresses out',
  ],
  [
    'anycast over accounts',
    { ...overAccounts(), geoRouting: ['anycast'] },
    'regions[1].account: got "222222222222", must be current where anycast routes: an accelerator takes load balancers of its own account only, not that of eu-west-2; route by route53 or cloudflare',
  ],
  [
    'a certificate of another AWS region',
    regions(tokyo({ certificateArn: `arn:aws:acm:us-east-1:111111111111:certificate/${CERTIFICATE}` }), london()),
    `regions[0].certificateArn: got "arn:aws:acm:us-east-1:111111111111:certificate/${CERTIFICATE}", must be a certificate of ap-northeast-1; name one that ACM holds there, or leave it out and set clientTls to acm`,
  ],
  [
    'a certificate of another account',
    overAccounts({ certificateArn: `arn:aws:acm:eu-west-2:111111111111:certificate/${CERTIFICATE}` }),
    `regions[1].certificateArn: got "arn:aws:acm:eu-west-2:111111111111:certificate/${CERTIFICATE}", must be a certificate of account 222222222222; name one that ACM holds there, or leave it out and set clientTls to acm`,
  ],
  [
    'a certificate that is none of ACM',
    regions(tokyo({ certificateArn: 'arn:aws:iam::111111111111:server-certificate/chat' }), london()),
    'regions[0].certificateArn: got "arn:aws:iam::111111111111:server-certificate/chat", must be the ARN of an ACM certificate; Certificate for TLS 1.3 at the region’s load balancer, of its AWS region and account. Default: as clientTls says',
  ],
  [
    'no region that stays',
    regions(tokyo({ leaves: true }), london({ leaves: true })),
    'regions[].leaves: got true, must be false in one region at least, or nobody serves; add the region that takes over first',
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
    'more Auto Scaling groups than an account has',
    regions(counted({ shards: 25_000, serves: { default: true } }), london({ userShare: 1 })),
    'regions[].shardGroups: got 501, must be 500 Auto Scaling groups at most in ap-northeast-1, account current, one for each shard group and each region’s edges; raise shardsPerGroup, or put regions into other accounts',
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
    'regions[1].serves.countries: got "GB", must be served by one region, tokyo has it; drop it in one of them, or give each of them serves.weight',
  ],
  [
    'a continent served twice',
    regions(tokyo({ serves: { default: true, continents: ['EU'] } }), london()),
    'regions[1].serves.continents: got "EU", must be served by one region, tokyo has it; drop it in one of them, or give each of them serves.weight',
  ],
  [
    'an account of 11 digits',
    regions(tokyo({ account: '12345678901' }), london()),
    'regions[0].account: got "12345678901", must be an account of 12 digits, or current; write it in quotes with its leading zeros',
  ],
  [
    'an account without a zone',
    regions(tokyo(), london({ account: '222222222222' })),
    'regions[1].account: got "222222222222", must be one of `accounts`, globalAccount or current; add it there with domain and hostedZoneId of a zone of that account',
  ],
  [
    'accounts beside one that has no number',
    { ...overAccounts(), globalAccount: 'current' },
    'globalAccount: got "current", must be an account of 12 digits where there are others; write it in quotes with its leading zeros',
  ],
  [
    'the global account among the others',
    { ...overAccounts(), accounts: { ...ZONES, '111111111111': { domain: 'one.chat.example.com', hostedZoneId: 'Z1' } } },
    'accounts.111111111111: got "111111111111", must be another account than globalAccount; leave it out: names of its regions are in the zone of `domain`',
  ],
  [
    'an account with the domain of another',
    { ...overAccounts(), accounts: { ...ZONES, '333333333333': { domain: 'two.chat.example.com', hostedZoneId: 'Z3' } } },
    'accounts.333333333333.domain: got "two.chat.example.com", must be a domain of its own, account 222222222222 has this one; delegate another one',
  ],
  [
    'an account with a domain that is no DNS name',
    { ...overAccounts(), accounts: { '222222222222': { domain: 'two', hostedZoneId: 'Z2' } } },
    'accounts.222222222222.domain: got "two", must be a DNS name of two labels or more in lower case, 210 characters at most; use a domain below yours, such as one.chat.example.com',
  ],
  [
    'certificates that another account cannot prove',
    { ...overAccounts(), clientTls: 'acm' },
    'regions[1].certificateArn: got nothing, must be stated where clientTls is acm and the region is in account 222222222222, which cannot prove names of chat.example.com; have ACM make one there for the endpoint’s names and the region’s own, and put its record into the zone once',
  ],
  [
    'a core network shared from another AWS region',
    { ...overAccounts(), regionJoin: 'cloud-wan', globalRegion: 'eu-west-2' },
    'globalRegion: got "eu-west-2", must be us-east-1 where cloud-wan joins several accounts: AWS shares a core network from there only; set it before the first deployment',
  ],
  [
    'an account as a number',
    regions({ ...tokyo(), account: 123_456_789_012 }, london()),
    'regions[0].account: got 123456789012, must be of type string; AWS account it lives in: 12 digits of one that `accounts` has, or current for globalAccount',
  ],
  [
    'a domain that is no DNS name',
    { ...smallEnvironment(), domain: 'Chat_Example' },
    'domain: got "Chat_Example", must be a DNS name of two labels or more in lower case, 210 characters at most; use a domain you own, such as chat.example.com',
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
    'regions[0].amiId: got "latest", must be an image id such as ami-0123456789abcdef0; Machine image of edges and cores (arm64). Default: the newest Amazon Linux 2023 at each launch',
  ],
];
