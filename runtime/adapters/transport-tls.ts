import { createServer as createPlainServer, isIP, type Socket } from 'node:net';
import { connect as connectTls, createServer, type Server, type TLSSocket } from 'node:tls';
import { errorLine } from '../contract/errors.ts';
import { TLS_CERTIFICATE_POLL_MS, TLS_HANDSHAKE_TIMEOUT_MS, TLS_HANDSHAKES_MAX } from '../contract/limits.ts';
import type { ClientTransport, ServerTransport } from '../ports/transport.ts';
import { connected, endpointOf, SOCKET_OPTIONS, SocketConnection, startListening } from './socket-connection.ts';
import { type Certificate, type CertificatePaths, readCertificate } from './tls-certificate.ts';

/** Nothing older is spoken (A9). */
const TLS = { minVersion: 'TLSv1.3' } as const;

export interface TlsServerOptions {
  readonly certificate: CertificatePaths;
  /** True: clients without TLS are served on the same port, such as those of v1, which know none. @default false */
  readonly allowsPlain?: boolean;
  /** The system could not hand over a connection; the listener goes on. */
  readonly acceptFailed?: (reason: string) => void;
  /** A client did not get through the handshake, or was one too many in it. */
  readonly handshakeFailed?: (reason: string) => void;
  /** A certificate is in force: the first one, and each that takes its place. */
  readonly certified?: (certificate: Certificate) => void;
  /** The files changed into something that cannot be used; the certificate from before stays. */
  readonly certificateRefused?: (reason: string) => void;
  readonly handshakesMax?: number;
  readonly handshakeTimeoutMs?: number;
  readonly certificatePollMs?: number;
}

/**
 * TLS 1.3 over TCP. Certificate and key are read again once a minute: a renewed one is shown to new clients, and open connections stay.
 * @throws IrisError CONFIG_INVALID when they cannot be used at the start.
 */
export function createTlsServerTransport(options: TlsServerOptions): ServerTransport {
  const { handshakeTimeoutMs = TLS_HANDSHAKE_TIMEOUT_MS, allowsPlain = false, acceptFailed = () => {} } = options;
  const first = readCertificate(options.certificate);
  return {
    async listen(address, accept) {
      const take = (socket: Socket) => {
        const connection = new SocketConnection(socket);
        connection.handler = accept(connection);
      };
      const secure = createServer({ ...SOCKET_OPTIONS, ...TLS, ...first, handshakeTimeout: handshakeTimeoutMs }, take);
      boundHandshakes(secure, options);
      const door = allowsPlain
        ? createPlainServer(SOCKET_OPTIONS, (socket) => tellApart(socket, handshakeTimeoutMs, { secure, take }))
        : secure;
      const listening = await startListening(door, address, acceptFailed);
      const timer = renewing(secure, first, options);
      door.once('close', () => clearInterval(timer));
      return listening;
    },
  };
}

/** The first byte of every TLS handshake (RFC 8446, 5.1), and of no frame of v1 or v2. */
const TLS_HANDSHAKE = 0x16;

/** One port for both: the first byte tells. Until it comes a socket costs no more than its descriptor. */
function tellApart(
  socket: Socket,
  timeoutMs: number,
  { secure, take }: { readonly secure: Server; readonly take: (socket: Socket) => void },
): void {
  const drop = () => socket.destroy();
  socket.on('error', drop);
  socket.on('end', drop);
  socket.setTimeout(timeoutMs, drop);
  socket.once('data', (chunk: Buffer) => {
    socket.setTimeout(0, drop);
    socket.off('end', drop);
    socket.off('error', drop);
    socket.pause();
    socket.unshift(chunk);
    // TLS takes what was read out of the socket itself; a plain one flows again in the next turn.
    if (chunk[0] === TLS_HANDSHAKE) secure.emit('connection', socket);
    else take(socket.resume());
  });
}

/** Who never ends its handshake costs 50 KB: only so many may, each for a while. */
function boundHandshakes(server: Server, { handshakesMax = TLS_HANDSHAKES_MAX, handshakeFailed = () => {} }: TlsServerOptions): void {
  let underWay = 0;
  server.on('connection', (socket: Socket) => {
    underWay++;
    if (underWay > handshakesMax) socket.destroy();
  });
  server.on('secureConnection', () => {
    underWay--;
  });
  server.on('tlsClientError', (error: Error, socket: TLSSocket) => {
    underWay--;
    handshakeFailed(errorLine(error));
    socket.destroy();
  });
}

function renewing(server: Server, first: Certificate, options: TlsServerOptions): NodeJS.Timeout {
  const { certificatePollMs = TLS_CERTIFICATE_POLL_MS, certified = () => {}, certificateRefused = () => {} } = options;
  let inForce = first;
  certified(first);
  const timer = setInterval(() => {
    try {
      const found = readCertificate(options.certificate);
      if (found.cert === inForce.cert && found.key === inForce.key) return;
      server.setSecureContext({ ...TLS, ...found });
      inForce = found;
      certified(found);
    } catch (error) {
      certificateRefused(errorLine(error));
    }
  }, certificatePollMs);
  return timer.unref();
}

/** Which servers a client believes. */
export interface TlsClientOptions {
  /** PEM certificates of the authorities that may vouch for a server. @default - those that Node knows */
  readonly authorities?: string;
  /** The name that a server’s certificate must hold. @default - the host of the address */
  readonly serverName?: string;
}

/** TLS 1.3 over TCP; a server that no known authority vouches for, or that has another name, is refused as CONNECTION_FAILED. */
export function createTlsClientTransport({ authorities, serverName }: TlsClientOptions = {}): ClientTransport {
  return {
    async connect(address, handler) {
      const endpoint = endpointOf(address);
      const servername = serverName ?? endpoint.host;
      const socket = connectTls({
        ...endpoint,
        ...SOCKET_OPTIONS,
        ...TLS,
        // An address is no server name; its certificate must hold it all the same.
        ...(isIP(servername) === 0 ? { servername } : {}),
        ...(authorities === undefined ? {} : { ca: authorities }),
      });
      await connected(socket, { event: 'secureConnect', address }, handler);
    },
  };
}
