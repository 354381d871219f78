import { z } from 'zod';

const address = z
  .string()
  .regex(/^[A-Za-z0-9.-]{1,253}(:\d{1,5})?$/, 'must be host or host:port; the port defaults to 6379, of a sentinel to 26379');
const word = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be letters, digits, dots, dashes and underscores');

/** How a node logs in. */
const login = z.discriminatedUnion('kind', [
  /** The file holds `{ "username": …, "password": … }` as JSON; the user of a server that knows passwords only is `default`. */
  z.strictObject({ kind: z.literal('password'), credentialsPath: z.string().min(1) }),
]);

/** Where Redis or Valkey is and how it is talked to. */
export const redisSettings = z
  .strictObject({
    /** single: one server. cluster: any of its nodes, or its one endpoint. sentinel: the sentinels of a primary and its copies. */
    mode: z.enum(['single', 'cluster', 'sentinel']).default('single'),
    addresses: z.array(address).min(1).max(64),
    /** What the sentinels call the primary. */
    primary: word.default('iris'),
    tls: z.boolean().default(false),
    /** PEM of who signs the servers’ certificates. Default: those Node trusts. */
    caPath: z.string().min(1).optional(),
    login: login.optional(),
  })
  .refine(({ tls, caPath }) => tls || caPath === undefined, { path: ['caPath'], message: 'needs tls: true' })
  .refine(({ mode, addresses }) => mode !== 'single' || addresses.length === 1, {
    path: ['addresses'],
    message: 'mode single has one server',
  });

export type RedisSettings = z.output<typeof redisSettings>;
