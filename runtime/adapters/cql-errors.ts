import type { CqlSettings } from '../contract/cql-settings.ts';
import { errorLine, IrisError } from '../contract/errors.ts';

/** Codes of the native protocol that no retry mends: login, rights, syntax, what is asked for; the last is a statement that a node has forgotten. */
const BAD_CREDENTIALS = 0x0100;
const UNAUTHORIZED = 0x2100;
const SYNTAX = 0x2000;
const INVALID = 0x2200;
const CONFIGURATION = 0x2300;

interface DriverError {
  readonly name?: string;
  readonly code?: number;
  readonly message: string;
  readonly innerErrors?: Readonly<Record<string, unknown>>;
}

/**
 * What an error of the driver means: ENGINE_INVALID with the remedy for what stays wrong, else ENGINE_UNAVAILABLE. Names hosts and keyspace,
 * never a user or password.
 */
export function cqlError(error: unknown, settings: CqlSettings): IrisError {
  if (error instanceof IrisError) return error;
  // Of several nodes each says for itself what went wrong; the whole only counts them.
  const inner = Object.values((error as DriverError).innerErrors ?? {}) as DriverError[];
  const causes = inner.length > 0 ? inner : [error as DriverError];
  const where = `the CQL store at ${settings.contactPoints.join(', ')}`;
  for (const cause of causes) {
    const remedy = remedyOf(cause, settings);
    if (remedy !== undefined) return new IrisError('ENGINE_INVALID', `${where} ${remedy}`, { cause: new Error(errorLine(cause)) });
  }
  const said = [...new Set(causes.map((cause) => errorLine(cause)))].join('; ');
  const hint = !settings.tls && said.includes('ECONNRESET') ? ' (if it speaks TLS only, set tls)' : '';
  return new IrisError('ENGINE_UNAVAILABLE', `${where} does not answer${hint}`, { cause: new Error(said) });
}

/** Undefined for what may be over at the next try. */
function remedyOf(error: DriverError, { keyspace, dataCentre, credentialsPath, caPath, tls }: CqlSettings): string | undefined {
  const { name, code = 0, message } = error;
  if (name === 'AuthenticationError' || code === BAD_CREDENTIALS) {
    return credentialsPath === undefined
      ? 'wants a login; name a file with username and password (credentialsPath, --credentials)'
      : `refuses the login of ${credentialsPath}; check its username and password`;
  }
  if (name === 'ArgumentError' && message.includes('localDataCenter')) {
    const found = /\[\s*(.*?)\s*\]/.exec(message)?.[1] ?? 'none of it';
    return `has no data centre ${dataCentre}; its nodes are in ${found}`;
  }
  if (/keyspace .* does not exist/i.test(message)) return `has no keyspace ${keyspace}; make it with iris schema`;
  if (code === INVALID && /unconfigured table|table .* does not exist/i.test(message)) {
    return `has no tables in keyspace ${keyspace}; make them with iris schema`;
  }
  if (code === UNAUTHORIZED) return `lets this user do too little in keyspace ${keyspace}; grant it SELECT and MODIFY`;
  if (code === SYNTAX || code === INVALID || code === CONFIGURATION) return 'refuses a statement of this release';
  if (isCertificateProblem(error)) {
    return caPath === undefined
      ? 'shows a certificate that the system does not trust; name the authority’s PEM (caPath, --ca)'
      : `shows a certificate that ${caPath} has not signed`;
  }
  if (/wrong version number|packet length too long/i.test(message) || (tls && code === 0 && /EPROTO/.test(message)))
    return 'speaks plain text; set tls to false';
  return undefined;
}

function isCertificateProblem({ message }: DriverError): boolean {
  return /certificate|self.signed|unable to verify|altnames/i.test(message);
}
