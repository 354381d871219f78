import type { auth, DseClientOptions } from 'cassandra-driver';
import { CQL_PORT, type CqlSettings } from '../contract/cql-settings.ts';
import { CQL_ANSWER_TIMEOUT_MS, CQL_NODES_TRIED_MAX, CQL_RECONNECT_MS, CQL_RETRY_FIRST_MS } from '../contract/limits-store.ts';
import type { EngineLogin } from './engine-credentials.ts';
import { trustedAuthority } from './trusted-authority.ts';

type Driver = typeof import('cassandra-driver');

/** What a client of the driver is made with; `login` is read again for each of its connections, as the authority is. */
export interface CqlClientParts {
  readonly settings: CqlSettings;
  readonly keyspace?: string | undefined;
  readonly login: EngineLogin | undefined;
}

/** @throws IrisError ENGINE_INVALID for an authority that cannot be read */
export function cqlClientOptions(driver: Driver, { settings, keyspace, login }: CqlClientParts): DseClientOptions {
  const { contactPoints, dataCentre, tls, caPath } = settings;
  const { policies, types, auth } = driver;
  return {
    contactPoints: [...contactPoints],
    ...(dataCentre !== '' && { localDataCenter: dataCentre }),
    ...(keyspace !== undefined && { keyspace }),
    protocolOptions: { port: Number(/:(\d+)$/.exec(contactPoints[0] ?? '')?.[1] ?? CQL_PORT) },
    ...(login && { authProvider: providerOf(auth, login) }),
    ...(tls && { sslOptions: tlsOptions(caPath) }),
    queryOptions: { consistency: types.consistencies.localQuorum },
    socketOptions: { connectTimeout: CQL_ANSWER_TIMEOUT_MS, readTimeout: CQL_ANSWER_TIMEOUT_MS },
    policies: {
      // Without a data centre any node will do, for who only looks.
      ...(dataCentre === '' && { loadBalancing: new policies.loadBalancing.RoundRobinPolicy() }),
      reconnection: new policies.reconnection.ExponentialReconnectionPolicy(CQL_RETRY_FIRST_MS, CQL_RECONNECT_MS),
      retry: fewNodesTried(driver),
    },
  };
}

function tlsOptions(caPath: string | undefined): NonNullable<DseClientOptions['sslOptions']> {
  if (caPath === undefined) return { rejectUnauthorized: true };
  // Nodes are met by address, which their certificates need not name.
  return Object.assign(trustedAuthority(caPath), { rejectUnauthorized: true, checkServerIdentity: () => undefined });
}

/** The driver’s own, but of the login as it is when a connection is opened. */
function providerOf({ PlainTextAuthProvider }: Driver['auth'], login: EngineLogin): auth.AuthProvider {
  class CurrentLogin extends PlainTextAuthProvider {
    override newAuthenticator(): auth.Authenticator {
      return {
        initialResponse(answer: (error: unknown, token?: Buffer) => void) {
          login.read().then(({ username, password }) => answer(undefined, Buffer.from(`\0${username}\0${password}`)), answer);
        },
        evaluateChallenge: (_challenge: Buffer, answer: () => void) => answer(),
        onAuthenticationSuccess: () => undefined,
      };
    }
  }
  return new CurrentLogin('', '');
}

/** The driver’s own policy, but a question does not go round all nodes of a large cluster while they all stand still. */
function fewNodesTried(driver: Driver): InstanceType<Driver['policies']['retry']['RetryPolicy']> {
  class FewNodesTried extends driver.policies.retry.RetryPolicy {
    override onRequestError(
      ...[info, consistency, error]: Parameters<InstanceType<Driver['policies']['retry']['RetryPolicy']>['onRequestError']>
    ) {
      return info.nbRetry + 1 >= CQL_NODES_TRIED_MAX ? this.rethrowResult() : super.onRequestError(info, consistency, error);
    }
  }
  return new FewNodesTried();
}
