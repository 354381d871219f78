import { IrisError } from '../../contract/errors.ts';

/** One error among those that the driver nests in `errors` (a list or an object) and `cause`. */
interface DriverError extends Error {
  readonly code?: string;
  readonly apiId?: string;
  readonly errors?: unknown;
}

/** Node’s codes for a certificate that is not trusted. */
const CERTIFICATE = /^(?:CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_TLS_CERT)/;
/** What a broker answers where only a change of its settings or rights helps, with the remedy. */
const REFUSALS: Readonly<Record<string, string>> = {
  UNKNOWN_TOPIC_OR_PARTITION: 'it is gone; what it held is lost, and the group’s rows stand alone',
  TOPIC_AUTHORIZATION_FAILED: 'its login may not use it; allow it to create, describe, read and write the topic',
  CLUSTER_AUTHORIZATION_FAILED: 'its login may not produce idempotently; allow IdempotentWrite on the cluster',
  MESSAGE_TOO_LARGE: 'it takes smaller batches; raise its max.message.bytes',
  INVALID_REPLICATION_FACTOR: 'the cluster has fewer brokers than copies are wanted; add brokers or lower `replicas`',
  UNSUPPORTED_VERSION: 'its brokers are too old; Kafka 3.5 or newer is needed',
  POLICY_VIOLATION: 'a policy of the cluster forbids it; make the topic by hand',
};

/** All errors within one, outermost first. */
export function innerErrors(error: unknown): DriverError[] {
  if (!(error instanceof Error) && !(typeof error === 'object' && error !== null && 'message' in error)) return [];
  const { errors, cause } = error as DriverError;
  const within = typeof errors === 'object' && errors !== null ? Object.values(errors) : [];
  return [error as DriverError, ...[...within, cause].flatMap(innerErrors)];
}

export function hasApiError(error: unknown, apiId: string): boolean {
  return innerErrors(error).some((inner) => inner.apiId === apiId);
}

/** The driver hides the broker’s code of this one. */
export function isUnknownTopic(error: unknown): boolean {
  return innerErrors(error).some(({ apiId, message }) => apiId === 'UNKNOWN_TOPIC_OR_PARTITION' || message.startsWith('Unknown topic '));
}

/**
 * What the driver says as one line: ENGINE_INVALID where trying again cannot help, else ENGINE_UNAVAILABLE. No part of it comes from a login.
 */
export function kafkaError(error: unknown, { brokers, topic }: { readonly brokers: readonly string[]; readonly topic: string }): IrisError {
  if (error instanceof IrisError) return error;
  const inner = innerErrors(error);
  const where = `kafka at ${brokers.join(',')}`;
  const invalid = (reason: string): IrisError => new IrisError('ENGINE_INVALID', `${where} ${reason}`);
  // Of a credentials file, of the machine’s role, of its token.
  const own = inner.find((each) => each instanceof IrisError);
  if (own instanceof IrisError) return new IrisError(own.code, `${where}: ${own.message}`);
  const untrusted = inner.find(({ code }) => code !== undefined && CERTIFICATE.test(code));
  if (untrusted !== undefined) {
    return invalid(`shows a certificate that is not trusted (${untrusted.code}); name who signs it with \`caPath\``);
  }
  const says = (text: string): boolean => inner.some(({ message }) => message.includes(text));
  const has = (...apiIds: string[]): boolean => inner.some(({ apiId }) => apiId !== undefined && apiIds.includes(apiId));
  if (says('Broker requires TLS')) return invalid('wants TLS on this port; set `tls`, or name its plain port');
  if (inner.some(({ code }) => code === 'ERR_SSL_WRONG_VERSION_NUMBER')) return invalid('speaks no TLS on this port; name its TLS port');
  if (has('UNSUPPORTED_SASL_MECHANISM', 'ILLEGAL_SASL_STATE')) {
    return invalid('does not know this kind of login on this port; name the port of its SASL listener, or another `login`');
  }
  if (has('SASL_AUTHENTICATION_FAILED')) return invalid('refuses the login; check user and password, or the role’s rights');
  const away = (reason: string): IrisError => new IrisError('ENGINE_UNAVAILABLE', `${where} ${reason}`);
  // A broker that ends does the same as a port of another kind, so it may pass.
  if (says('TLS handshake failed')) return away('breaks off the TLS handshake; if it goes on, name its TLS port, or leave out `tls`');
  if (inner.some(({ code }) => code === 'PLT_KFK_AUTHENTICATION')) {
    return away('breaks off the login; if it goes on, check whether its port wants `tls`');
  }
  const refused = inner.find(({ apiId }) => apiId !== undefined && apiId in REFUSALS);
  if (refused?.apiId !== undefined) return invalid(`refuses topic ${topic} (${refused.apiId}): ${REFUSALS[refused.apiId]}`);
  if (isUnknownTopic(error)) return invalid(`does not know topic ${topic}: ${REFUSALS['UNKNOWN_TOPIC_OR_PARTITION']}`);
  if (says('Unsupported API')) return invalid('is too old; Kafka 3.5 or newer is needed');
  return away(`does not serve topic ${topic}: ${reasonOf(inner)}`);
}

/** The innermost error says most: ECONNREFUSED rather than that the connection failed. */
function reasonOf(inner: readonly DriverError[]): string {
  const last = inner.at(-1);
  if (last === undefined) return 'no reason given';
  const reason = last.apiId ?? (last.code?.startsWith('PLT_') ? undefined : last.code);
  return (reason === undefined ? last.message : `${reason} (${last.message.slice(0, 120)})`).replaceAll('\n', ' ');
}
