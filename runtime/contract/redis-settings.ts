import { z } from 'zod';
import { hostList } from './host-list.ts';

const address = z
  .string()
  .regex(/^[A-Za-z0-9.-]{1,253}(:\d{1,5})?$/, 'must be host or host:port; the port defaults to 6379, of a sentinel to 26379');
const word = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be letters, digits, dots, dashes and underscores');

/** How a node logs in. */
const login = z.discriminatedUnion('kind', [
  /** The file holds `{ "username": …, "password": … }` as JSON; the user of a server that knows passwords only is `default`. */
  z.strictObject({ kind: z.literal('password'), credentialsPath: z.string().min(1) }),
  /** ElastiCache’s IAM, with the credentials of the machine’s role: its user, and the id of its replication group. Wants `tls`. */
  z.strictObject({
    kind: z.literal('iam'),
    user: word,
    cacheName: word,
    awsRegion: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must be an AWS region'),
  }),
]);

/** Where Redis or Valkey is and how it is talked to. */
export const redisSettings = z
  .strictObject({
    /** single: one server. cluster: any of its nodes, or its one endpoint. sentinel: the sentinels of a primary and its copies. */
    mode: z.enum(['single', 'cluster', 'sentinel']).default('single'),
    addresses: hostList(address),
    /** What the sentinels call the primary. */
    primary: word.default('iris'),
    tls: z.boolean().default(false),
    /** PEM of who signs the servers’ certificates. Default: those Node trusts. */
    caPath: z.string().min(1).optional(),
    login: login.optional(),
  })
  .refine(({ tls, caPath }) => tls || caPath === undefined, { path: ['caPath'], message: 'needs tls: true' })
  .refine(({ tls, login: way }) => tls || way?.kind !== 'iam', { path: ['login'], message: 'iam needs tls: true' })
  .refine(({ mode, addresses }) => mode !== 'single' || !Array.isArray(addresses) || addresses.length === 1, {
    path: ['addresses'],
    message: 'mode single has one server',
  });

/** As read: addresses known. */
export type RedisSettings = Omit<z.output<typeof redisSettings>, 'addresses'> & { readonly addresses: readonly string[] };
