import { z } from 'zod';
import { hostList } from './host-list.ts';

/** `host`, or `host:port`; an IPv6 address with a port stands in brackets. */
const contactPoint = z.string().min(1).max(259);

/** @param contactPoints some of the store’s nodes, port 9042 unless said; the others are learnt from them and listen on the port of the first. */
function settingsWith<Hosts extends z.ZodType>(contactPoints: Hosts) {
  return z.strictObject({
    contactPoints,
    /** The data centre whose nodes are asked, and whose quorum acknowledges. */
    dataCentre: z.string().min(1).max(255),
    /** What `iris schema` makes for the environment. */
    keyspace: z.string().regex(/^[a-z][a-z0-9_]{0,47}$/, 'must be lower-case letters, digits and underscores, 48 at most'),
    tls: z.boolean().default(false),
    /** PEM of the authority that signed the nodes’ certificates, and signs nothing else: names are not compared then. Default: the system’s, with names. */
    caPath: z.string().min(1).optional(),
    /** JSON file with `username` and `password`. Default: no login. */
    credentialsPath: z.string().min(1).optional(),
  });
}

/** Where the rows and leases of a core are kept, and as whom it asks. */
export const cqlSettingsSchema = settingsWith(z.array(contactPoint).min(1).max(64));
/** The same in a node’s config, where a variable may name the contact points. */
export const cqlConfig = settingsWith(hostList(contactPoint)).extend({
  /**
   * Copies in the data centre. With it a core makes the keyspace, and brings its tables to this release, when it opens: where nobody else reaches the
   * store. Default: it does nothing to them, `iris schema` does.
   */
  replicas: z.int().min(1).max(9).optional(),
});

export type CqlSettings = z.output<typeof cqlSettingsSchema>;

/** Port of a contact point that names none. */
export const CQL_PORT = 9_042;

/** The keyspace of an environment: its name, in the letters that CQL takes without quotes. */
export function keyspaceOf(environment: string): string {
  return `iris_${environment.replaceAll('-', '_')}`;
}
