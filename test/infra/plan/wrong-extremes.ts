import { london, regions, smallEnvironment, tokyo, type WrongEnvironment } from './small-environment.ts';

const distributed = { ...smallEnvironment(), foundation: 'distributed', instanceTypes: { store: 'i4i.xlarge' } };
const longDomain = `${'a'.repeat(48)}.example.com`;
const anycast = { ...smallEnvironment(), geoRouting: ['anycast'] };
const shared = (weight: number) => ({ continents: ['AS'], weight });
const pem = (...lines: readonly string[]) => ['-----BEGIN PUBLIC KEY-----', ...lines, '-----END PUBLIC KEY-----'].join('\n');
/** RSA of 1,024 bits, and ECDSA P-384. */
const shortKey = pem(
  'MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDOFpT5XxqZUvooJcmCCYaOfQk5',
  'NGxFNkL3MVbhjBFneD9OMtYNf0Y1s2RSJ7uhA5Xk0kRWifedx+FCLwLvG8j140Eh',
  '4TxAVagqhE+C5Qc430E+bQJBJWmmDwFriFp6JjcY7JHKzepAlPkf/m5FCl0qeiR+',
  'DohYuUPKKPOt13fN7wIDAQAB',
);
const otherCurve = pem(
  'MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEiowbfIOBPZILQoMSLx/TzrfHwD6OE7KR',
  'mK6jUjamDN1VqFfEKZQHPx/D8e4JUvbR7NOOrps1s3N0QV7PASqSuGWcJhCBiHKc',
  'Tu3n1/ijmTJNpdUyjc7+tMa2tOAQEQHl',
);

/** What AWS refuses only when it is deployed: names that clash, addresses of nobody, engines beyond one cluster. */
export const wrongExtremes: readonly WrongEnvironment[] = [
  [
    'an address for a domain',
    { ...smallEnvironment(), domain: '10.0.0.1' },
    'domain: got "10.0.0.1", must be a DNS name of two labels or more in lower case, 210 characters at most; use a domain you own, such as chat.example.com',
  ],
  [
    'a domain too long for a certificate’s common name',
    { ...smallEnvironment(), domain: longDomain, clientTls: 'acm' },
    'domain: got "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example.com", must be 59 characters at most with clientTls acm: edge.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example.com is the certificate’s common name, which takes 64; shorten it, or bring each region’s certificateArn',
  ],
  [
    'a region called as the stacks of none',
    regions(tokyo({ code: 'global' }), london()),
    'regions[0].code: got "global", must be another word than global; the stacks of no region are called so, rename it',
  ],
  [
    'a region called as the stacks that join others',
    regions(tokyo({ code: 'global-join' }), london({ code: 'network' })),
    'regions[0].code: got "global-join", must be another word than global; the stacks of no region are called so, rename it',
  ],
  [
    'a network with leading zeros',
    regions(tokyo({ cidr: '010.0.0.0/16' }), london()),
    'regions[0].cidr: got "010.0.0.0/16", must be an IPv4 block such as 10.20.0.0/16, without bits behind its prefix; write the first address of the block and its prefix',
  ],
  [
    'more growth than the largest network has addresses',
    { ...regions(tokyo({ userShare: 1 })), edgeGrowthMax: 1_000_000_000 },
    'regions[0].cidr: got "10.0.0.0/16", must be large enough for 2000000001 nodes in 3 zones, it has room for 24561; lower edgeGrowthMax, or split the region',
  ],
  [
    'engines beyond the addresses of their network',
    { ...distributed, regions: regions(tokyo({ cidr: '10.0.0.0/24', brokers: 60, storeNodes: 30 }), london()).regions },
    'regions[0].cidr: got "10.0.0.0/24", must be large enough for 102 nodes in 3 zones, it has room for 81; take a block with a shorter prefix',
  ],
  [
    'brokers beyond one cluster for its traffic',
    {
      ...distributed,
      ...regions(tokyo({ userShare: 1 })),
      traffic: { messagesPerUserPerDay: 1_000, messageBytes: 1_000, peakToAverage: 1_000 },
    },
    'regions[0].brokers: got 141, must be 60 at most, of one MSK cluster; take a larger type than m7g.2xlarge, or split the region',
  ],
  [
    'logs that do not fit the volumes of the stated brokers',
    {
      ...distributed,
      traffic: { messagesPerUserPerDay: 100_000, messageBytes: 2_000, retentionDays: 0.1 },
      regions: regions(tokyo({ brokers: 3 }), london()).regions,
    },
    'regions[0].brokers: got 3, must be enough for their logs: each would keep 27940 GiB, and a volume takes 16384; state more brokers, or split the region',
  ],
  [
    'messages kept beyond one store',
    {
      ...distributed,
      traffic: { retentionDays: 3_650 },
      regions: regions(tokyo(), london({ storeNodes: 60 })).regions,
      dailyActiveUsers: 3_000_000,
    },
    'regions[0].storeNodes: got 264, must be 60 at most, of one stack; take a larger type than i4i.xlarge, lower traffic.retentionDays, or split the region',
  ],
  [
    'store nodes beyond one stack',
    { ...distributed, regions: regions(tokyo({ storeNodes: 300 }), london()).regions },
    'regions[0].storeNodes: got 300, must be 60 at most, of one stack; take a larger type than i4i.xlarge, lower traffic.retentionDays, or split the region',
  ],
  [
    'sessions beyond one Valkey cluster',
    {
      ...regions(tokyo({ userShare: 1, serves: { default: true } })),
      foundation: 'distributed',
      dailyActiveUsers: 3_100_000_000,
      edgesPerRegionMax: 1_350,
      connectionsPerEdge: 300_000,
      usersPerShard: 1_000_000,
      shardsPerGroup: 10,
      instanceTypes: { edge: 'c7g.large', store: 'i4i.xlarge', directory: 'm7g.large' },
      traffic: { messagesPerUserPerDay: 0.01 },
    },
    'regions[0].directoryNodes: got 94, must be 90 at most, of one Valkey cluster; take a larger type than m7g.large, or split the region',
  ],
  [
    'one anycast address twice',
    { ...anycast, anycastAddresses: ['198.51.101.1', '198.51.101.1'] },
    'anycastAddresses[1]: got "198.51.101.1", must be another address than the first; list each once',
  ],
  [
    'an anycast address that nobody announces',
    { ...anycast, anycastAddresses: ['100.64.1.1'] },
    'anycastAddresses[0]: got "100.64.1.1", must be an address of the internet; take it from the block that you brought to AWS',
  ],
  [
    'a place that every region leaves to the others',
    regions(tokyo({ serves: { default: true, ...shared(0) } }), london({ serves: shared(0) })),
    'regions[].serves.weight: got [0,0], must be above 0 in one of the 2 regions that serve continents AS; raise it where the clients are to go',
  ],
  [
    'a place listed twice in one region',
    regions(tokyo(), london({ serves: { countries: ['GB', 'GB'], weight: 1 } })),
    'regions[1].serves.countries: got "GB", must be listed once; drop one of the two',
  ],
  [
    'a media key of too few bits',
    { ...smallEnvironment(), media: { signingKey: shortKey } },
    'media.signingKey: got "-----BEGIN PUBLIC KEY-----\\nMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDOFpT5XxqZUvooJcmCCYaOfQk5\\nNGxFNkL3MVbhjBFneD9OMtYNf…, must be a public key in PEM, RSA of 2,048 bits or ECDSA P-256; PEM public key, RSA of 2,048 bits or ECDSA P-256; its private half signs the URLs under which clients read media (A16)',
  ],
  [
    'a media key of another curve',
    { ...smallEnvironment(), media: { signingKey: otherCurve } },
    'media.signingKey: got "-----BEGIN PUBLIC KEY-----\\nMHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEiowbfIOBPZILQoMSLx/TzrfHwD6OE7KR\\nmK6jUjamDN1VqFfEKZQHPx/D8…, must be a public key in PEM, RSA of 2,048 bits or ECDSA P-256; PEM public key, RSA of 2,048 bits or ECDSA P-256; its private half signs the URLs under which clients read media (A16)',
  ],
  [
    'a media key that only looks like one',
    { ...smallEnvironment(), media: { signingKey: pem('AAAA') } },
    'media.signingKey: got "-----BEGIN PUBLIC KEY-----\\nAAAA\\n-----END PUBLIC KEY-----", must be a public key in PEM, RSA of 2,048 bits or ECDSA P-256; PEM public key, RSA of 2,048 bits or ECDSA P-256; its private half signs the URLs under which clients read media (A16)',
  ],
  [
    'messages longer than the protocol’s',
    { ...smallEnvironment(), traffic: { messageBytes: 65_536 } },
    'traffic.messageBytes: got 65536, must be at most 65535; lower it to 65535',
  ],
];
