import { accessSync, constants, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { IrisError } from '../../runtime/contract/errors.ts';

const engine = z
  .strictObject({
    /** JSON file with `username` and `password`: SCRAM-SHA-512 of Kafka, a role of the CQL store, a user of Redis. Left out: no login. */
    credentials: z.string().min(1).optional(),
    /** PEM of the authority that signed the servers’ certificates. Left out: those the system trusts. */
    ca: z.string().min(1).optional(),
    /** @default true where `ca` is named */
    tls: z.boolean().optional(),
  })
  .refine(({ ca, tls }) => ca === undefined || tls !== false, { path: ['ca'], message: 'needs tls' });
const schema = z.strictObject({ kafka: engine.optional(), cql: engine.optional(), redis: engine.optional() });

/** How one engine that runs already is talked to. Paths are absolute; what the files hold stays in them. */
export interface Access {
  readonly tls: boolean;
  readonly caPath?: string;
  readonly credentialsPath?: string;
}

/** What the file behind `--access` says of the servers that are named; engines of one’s own machine have neither TLS nor login. */
export interface EngineAccess {
  readonly kafka?: Access;
  readonly cql?: Access;
  readonly redis?: Access;
}

export const ACCESS_OPTION = [
  '--access <file>',
  'how the servers that are named are talked to, as JSON: {"kafka"|"cql"|"redis": {"credentials": <file with username and password>, "ca": <PEM>, "tls": true}}; paths count from the file; default: neither login nor TLS',
] as const;

/** @throws IrisError CONFIG_INVALID naming the file, the field or the file that it names */
export function readEngineAccess(path: string, cwd: string): EngineAccess {
  const file = resolve(cwd, path);
  const parsed = schema.safeParse(jsonOf(file));
  if (!parsed.success)
    throw new IrisError(
      'CONFIG_INVALID',
      `--access ${path}: ${parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`).join('; ')}`,
    );
  const accessOf = ({ credentials, ca, tls }: z.output<typeof engine> = {}): Access => ({
    tls: tls ?? ca !== undefined,
    ...(ca !== undefined && { caPath: readable(resolve(dirname(file), ca)) }),
    ...(credentials !== undefined && { credentialsPath: readable(resolve(dirname(file), credentials)) }),
  });
  const { kafka, cql, redis } = parsed.data;
  return { ...(kafka && { kafka: accessOf(kafka) }), ...(cql && { cql: accessOf(cql) }), ...(redis && { redis: accessOf(redis) }) };
}

/** As a node’s config says it of Kafka, where it differs from the default. */
export function kafkaAccess({ tls, caPath, credentialsPath }: Access = { tls: false }) {
  return {
    tls,
    ...(caPath !== undefined && { caPath }),
    ...(credentialsPath !== undefined && { login: { kind: 'scram', credentialsPath } }),
  };
}

/** The same of Redis. */
export function redisAccess({ tls, caPath, credentialsPath }: Access = { tls: false }) {
  return { tls, caPath: caPath ?? null, login: credentialsPath === undefined ? null : ({ kind: 'password', credentialsPath } as const) };
}

function jsonOf(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) throw new IrisError('CONFIG_INVALID', `--access ${path} is no JSON`);
    throw new IrisError('CONFIG_INVALID', `--access ${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

function readable(path: string): string {
  try {
    accessSync(path, constants.R_OK);
    return path;
  } catch (error) {
    throw new IrisError('CONFIG_INVALID', `${path}, which --access names, cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}
