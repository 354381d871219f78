import { endpointOf } from '../adapters/socket-connection.ts';
import { createTcpTransport } from '../adapters/transport-tcp.ts';
import { createTlsClientTransport, type TlsClientOptions } from '../adapters/transport-tls.ts';
import { IrisError } from '../contract/errors.ts';
import { READ_CONNECTIONS_MAX, TOKEN_BYTES_MAX } from '../contract/limits.ts';
import type { Clock, Random } from '../ports/clock.ts';
import type { ClientTransport } from '../ports/transport.ts';
import { userNameBytes } from '../wire/user-name.ts';

export interface ConnectOptions {
  /** host:port of one or more edges; another is tried when one cannot be reached. */
  readonly addresses: readonly string[];
  readonly user: string;
  /** Asked for wherever the environment is not local. */
  readonly token?: string;
  /**
   * TLS 1.3 to the edges, or to the load balancer in front of them: true where Node knows the authority of their certificate, else the authority
   * and, where the addresses are no names of the certificate, the name that it holds. @default false - plain TCP, which anyone on the way can read
   */
  readonly tls?: boolean | TlsClientOptions;
  /** Milliseconds until the first login must have succeeded. @default 10_000 */
  readonly connectTimeoutMs?: number;
  /** Milliseconds a send may wait for its acknowledgement, through reconnects. @default 30_000 */
  readonly sendTimeoutMs?: number;
  /**
   * Connections over which the buckets of a promoted inbox are read at once, 1 to 16. Above 1 they are opened beside the first, which sends
   * and reads everything else, once the inbox is promoted. @default 1 - one connection reads as fast as most applications
   */
  readonly connections?: number;
  /** Aborts to drop the connection at once; sends without an answer are rejected. */
  readonly signal?: AbortSignal;
}

export interface SendOptions {
  /** Milliseconds it may wait for its acknowledgement. @default the client’s `sendTimeoutMs` */
  readonly timeoutMs?: number;
  /** Asks what becomes of it: `onStatus`, `statusOf`, `reached`. @default false - it costs a small envelope back for each acknowledgement */
  readonly status?: boolean;
  /**
   * Straight to the recipient and never stored (D0): it arrives now or not at all, and NOT_DELIVERED says that it did not. In order among
   * best-effort messages of one connection, in none to stored ones. @default false
   */
  readonly bestEffort?: boolean;
}

/** What the client stands on; replaced in simulations. */
export interface ClientParts {
  readonly transport: ClientTransport;
  readonly clock: Clock;
  readonly random: Random;
  /** A message came again at another place of the inbox, and was not given out: for who judges servers. */
  repeated?(body: Buffer): void;
}

/** What no server could take is refused here, at once. @throws IrisError CONNECTION_FAILED, COMMAND_INVALID, NAME_INVALID, FRAME_TOO_LARGE, DRAINING */
export function checkOptions({ addresses, user, token = '', connections = 1, signal, ...times }: ConnectOptions): void {
  if (!Array.isArray(addresses) || addresses.length === 0)
    throw new IrisError('CONNECTION_FAILED', 'no address given; name at least one host:port, in a list');
  for (const address of addresses) endpointOf(address);
  if (typeof user !== 'string') throw new IrisError('NAME_INVALID', `the user is of type ${typeof user}, must be text`);
  userNameBytes(user);
  const tokenBytes = Buffer.byteLength(token, 'utf8');
  if (tokenBytes > TOKEN_BYTES_MAX) throw new IrisError('FRAME_TOO_LARGE', `token of ${tokenBytes} bytes, limit is ${TOKEN_BYTES_MAX}`);
  if (!Number.isInteger(connections) || connections < 1 || connections > READ_CONNECTIONS_MAX)
    throw new IrisError('COMMAND_INVALID', `${connections} connections, must be a whole number of 1 to ${READ_CONNECTIONS_MAX}`);
  for (const name of ['connectTimeoutMs', 'sendTimeoutMs'] as const) {
    const ms = times[name];
    if (ms !== undefined && !(ms > 0)) throw new IrisError('COMMAND_INVALID', `${name} is ${ms}, must be a number of milliseconds above 0`);
  }
  if (signal?.aborted === true) throw new IrisError('DRAINING', 'the client was aborted');
}

export function transportFor(tls: ConnectOptions['tls'] = false): ClientTransport {
  if (tls === false) return createTcpTransport();
  return createTlsClientTransport(tls === true ? {} : tls);
}
