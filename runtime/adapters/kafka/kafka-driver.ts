import { isIP } from 'node:net';
import type { KafkaSettings } from '../../contract/kafka-settings.ts';
import { LOG_CONNECT_TIMEOUT_MS, LOG_REQUEST_TIMEOUT_MS, LOG_RETRIES_MAX, LOG_RETRY_MS } from '../../contract/limits.ts';
import { EngineLogin } from '../engine-credentials.ts';
import { trustedAuthority } from '../trusted-authority.ts';
import { iamToken, tokenRefusal } from './iam-token.ts';

type Driver = typeof import('@platformatic/kafka');
type SASLOptions = import('@platformatic/kafka').SASLOptions;
type Security = Pick<import('@platformatic/kafka').BaseOptions, 'tls' | 'sasl' | 'tlsServerName'>;

/** The driver, and what each of its clients is made with. */
export interface KafkaDriver {
  readonly driver: Driver;
  readonly options: import('@platformatic/kafka').BaseOptions;
}

/**
 * Loads the driver only now, so that a node without Kafka pays nothing for it, and reads the certificate and credentials.
 * @throws IrisError ENGINE_INVALID naming a file that cannot be used.
 */
export async function loadKafkaDriver(settings: KafkaSettings, clientId: string): Promise<KafkaDriver> {
  const driver = await import('@platformatic/kafka');
  const options = {
    clientId,
    bootstrapBrokers: settings.brokers.map((broker) => (broker.includes(':') ? broker : `${broker}:9092`)),
    connectTimeout: LOG_CONNECT_TIMEOUT_MS,
    requestTimeout: LOG_REQUEST_TIMEOUT_MS,
    timeout: LOG_REQUEST_TIMEOUT_MS,
    retries: LOG_RETRIES_MAX,
    retryDelay: LOG_RETRY_MS,
    // A leader that moved is found within this time after the first refusal.
    metadataMaxAge: 1_000,
    ...(await security(settings)),
  };
  return { driver, options };
}

async function security({ brokers, tls, caPath, login }: KafkaSettings): Promise<Security> {
  const authority = caPath === undefined ? {} : trustedAuthority(caPath);
  return {
    // A name to ask for, which an address is not.
    ...(tls && {
      tls: Object.assign(authority, { minVersion: 'TLSv1.2' as const }),
      tlsServerName: !brokers.some((broker) => isIP(broker.split(':')[0] as string)),
    }),
    ...(login !== undefined && { sasl: await saslOf(login) }),
  };
}

async function saslOf(login: NonNullable<KafkaSettings['login']>): Promise<Security['sasl']> {
  if (login.kind === 'iam') {
    const authBytesValidator: SASLOptions['authBytesValidator'] = (answer, callback) => callback(tokenRefusal(answer) ?? null, answer);
    return { mechanism: 'OAUTHBEARER', token: () => iamToken(login.awsRegion), authBytesValidator };
  }
  const current = await EngineLogin.open(login.credentialsPath);
  return {
    mechanism: 'SCRAM-SHA-512',
    username: async () => (await current.read()).username,
    // Asked for after the name: both of one reading.
    password: () => current.last.password,
  };
}
