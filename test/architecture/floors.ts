/** What a folder may import. The longest folder that holds a file decides; a folder of a floor imports lower floors only. */
export interface Room {
  readonly floor: number;
  /** Folders of lower floors. */
  readonly rooms: readonly string[];
  /** Packages, by name or scope; and those modules of Node that open sockets. Every other module of Node is free. */
  readonly packages: readonly string[];
}

const CAPABILITY: Room = {
  floor: 3,
  rooms: ['runtime/contract', 'runtime/wire', 'runtime/ports', 'runtime/measure'],
  packages: [],
};

/** The house. A folder that is not listed has no place in it. */
export const ROOMS: Readonly<Record<string, Room>> = {
  'runtime/contract': { floor: 0, rooms: [], packages: ['zod'] },
  'runtime/wire': { floor: 1, rooms: ['runtime/contract'], packages: [] },
  'runtime/ports': { floor: 1, rooms: ['runtime/contract'], packages: [] },
  // Reads a log page by page and on from its tail, for the inbox (to a session) and the bridge (to a region) alike; merges several by stamp.
  'runtime/follow': { floor: 2, rooms: ['runtime/contract', 'runtime/wire', 'runtime/ports'], packages: [] },
  // Figures that every capability takes alike.
  'runtime/measure': { floor: 2, rooms: ['runtime/contract', 'runtime/ports'], packages: [] },
  'runtime/session': { ...CAPABILITY, rooms: [...CAPABILITY.rooms, 'runtime/follow'] },
  'runtime/routing': CAPABILITY,
  'runtime/link': CAPABILITY,
  'runtime/load': CAPABILITY,
  // Tells the sessions of an edge how users are.
  'runtime/presence': CAPABILITY,
  'runtime/inbox': { ...CAPABILITY, rooms: [...CAPABILITY.rooms, 'runtime/follow'] },
  'runtime/region-bridge': { ...CAPABILITY, rooms: [...CAPABILITY.rooms, 'runtime/follow'] },
  'runtime/adapters': {
    floor: 3,
    rooms: ['runtime/contract', 'runtime/wire', 'runtime/ports', 'runtime/measure'],
    packages: [
      '@aws-sdk/client-s3',
      '@aws-sdk/client-servicediscovery',
      '@aws-sdk/client-ssm',
      '@aws-sdk/client-sts',
      '@platformatic/kafka',
      'cassandra-driver',
      'classic-level',
      'fast-jwt',
      'ioredis',
      'pino',
      'node:net',
      'node:tls',
    ],
  },
  // The client joins the TCP transport and the system's clock by itself, so that its user needs one import.
  'runtime/client': {
    floor: 4,
    rooms: ['runtime/contract', 'runtime/wire', 'runtime/ports', 'runtime/follow', 'runtime/adapters'],
    packages: [],
  },
  'runtime/servers': {
    floor: 4,
    rooms: [
      'runtime/contract',
      'runtime/wire',
      'runtime/ports',
      'runtime/measure',
      'runtime/follow',
      'runtime/session',
      'runtime/routing',
      'runtime/link',
      'runtime/load',
      'runtime/presence',
      'runtime/inbox',
      'runtime/region-bridge',
      'runtime/adapters',
    ],
    packages: ['node:http', 'node:net'],
  },
  // The production nodes and clients on a virtual clock, for `iris simulate`.
  'runtime/simulation': {
    floor: 5,
    rooms: ['runtime/contract', 'runtime/wire', 'runtime/ports', 'runtime/adapters', 'runtime/client', 'runtime/servers'],
    packages: [],
  },
  // main.ts, and edge.ts and core.ts, which are what the bundles of one role start from.
  runtime: { floor: 5, rooms: ['runtime/contract', 'runtime/servers'], packages: [] },
  environments: { floor: 1, rooms: ['runtime/contract'], packages: ['zod'] },
  'infra/facts': { floor: 1, rooms: ['runtime/contract'], packages: [] },
  'infra/plan': { floor: 2, rooms: ['runtime/contract', 'environments', 'infra/facts'], packages: ['zod'] },
  // A node's package holds what its boot script does.
  'infra/package': { floor: 3, rooms: ['runtime/contract', 'constructs/node'], packages: ['esbuild'] },
  'infra/reports': { floor: 3, rooms: ['runtime/contract', 'environments', 'infra/facts', 'infra/plan'], packages: [] },
  'constructs/node': { floor: 2, rooms: ['runtime/contract'], packages: [] },
  'constructs/aws': { floor: 3, rooms: ['runtime/contract', 'constructs/node'], packages: ['aws-cdk-lib', 'constructs'] },
  'constructs/cloudflare': {
    floor: 3,
    rooms: ['runtime/contract', 'constructs/node'],
    packages: ['cdktf', '@cdktf/provider-cloudflare', 'constructs'],
  },
  'infra/stacks': {
    floor: 4,
    rooms: ['runtime/contract', 'infra/plan', 'infra/package', 'constructs/node', 'constructs/aws', 'constructs/cloudflare'],
    packages: ['aws-cdk-lib', 'cdktf', '@cdktf/provider-cloudflare', 'constructs'],
  },
  'infra/apps': {
    floor: 5,
    rooms: ['runtime/contract', 'environments', 'infra/plan', 'infra/package', 'infra/reports', 'infra/stacks'],
    packages: ['aws-cdk-lib', 'cdktf', 'constructs'],
  },
  // Starts processes, asks for free ports, and speaks to its fleet as a client does.
  'infra/local': {
    floor: 5,
    rooms: ['runtime/contract', 'runtime/client', 'environments', 'infra/plan', 'infra/package', 'infra/reports'],
    packages: ['zod', 'node:net'],
  },
  // Asks AWS, for who asks for it.
  'infra/live': {
    floor: 4,
    rooms: ['runtime/contract', 'environments', 'infra/facts', 'infra/plan', 'infra/reports'],
    packages: ['@aws-sdk'],
  },
  bin: {
    floor: 6,
    rooms: [
      'runtime',
      'runtime/contract',
      'runtime/ports',
      'runtime/adapters',
      'runtime/client',
      'runtime/servers',
      'runtime/simulation',
      'environments',
      'infra/facts',
      'infra/plan',
      'infra/package',
      'infra/reports',
      'infra/apps',
      'infra/live',
      'infra/local',
    ],
    packages: ['listr2'],
  },
};

/** Modules of Node that open sockets: only who is listed with them may. */
export const SOCKET_MODULES: readonly string[] = ['node:net', 'node:tls', 'node:dgram', 'node:http', 'node:https', 'node:http2'];

/** Files that may read the process's environment variables, beside everything in bin. */
export const ENV_READERS: readonly string[] = ['runtime/main.ts'];

export const FILE_LINES_MAX = 400;
/** Longer files are told, not refused. */
export const FILE_LINES_AIM = 250;

/** Names that say nothing, as a whole name or as its last word. */
export const EMPTY_NAMES: readonly string[] = [
  'utils',
  'util',
  'helpers',
  'helper',
  'common',
  'shared',
  'misc',
  'manager',
  'service',
  'base',
];
