import type { AddressInfo, Server, Socket } from 'node:net';
import { errorLine, IrisError } from '../contract/errors.ts';
import type { Connection, ConnectionHandler, ListenAddress, Listening } from '../ports/transport.ts';

/** Connections the system may hold ready for accept; the kernel caps it at net.core.somaxconn. */
const BACKLOG = 4_096;
const CONNECT_TIMEOUT_MS = 5_000;

/** Of every socket, plain or not: both sides close for themselves, and a peer that is gone is noticed. */
export const SOCKET_OPTIONS = { allowHalfOpen: true, keepAlive: true, keepAliveInitialDelay: 60_000 } as const;

/** A socket and its owner; the listeners find it by this property. */
interface OwnedSocket extends Socket {
  irisConnection?: SocketConnection;
}

/** A socket of Node, plain or with TLS. All of them share their listener functions, so an idle one costs 1.4 KB. */
export class SocketConnection implements Connection {
  readonly socket: Socket;
  handler: ConnectionHandler | undefined;

  constructor(socket: OwnedSocket) {
    this.socket = socket;
    socket.irisConnection = this;
    socket.setNoDelay(true);
    socket.on('data', onData);
    socket.on('drain', onDrain);
    socket.on('end', onEnd);
    socket.on('error', onError);
    socket.on('close', onClose);
  }

  get remoteAddress(): string {
    return `${this.socket.remoteAddress ?? 'gone'}:${this.socket.remotePort ?? 0}`;
  }

  get queuedBytes(): number {
    return this.socket.writableLength;
  }

  write(bytes: Buffer): void {
    if (this.socket.writable) this.socket.write(bytes);
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  end(): void {
    this.socket.end();
  }

  destroy(): void {
    this.socket.destroy();
  }
}

function onData(this: OwnedSocket, chunk: Buffer): void {
  this.irisConnection?.handler?.received(chunk);
}

function onDrain(this: OwnedSocket): void {
  this.irisConnection?.handler?.drained();
}

/** The other side has ended; what is queued for it still goes out. */
function onEnd(this: OwnedSocket): void {
  this.end();
}

/** 'close' follows and tells the owner; the reason is kept there. */
function onError(this: OwnedSocket, error: Error): void {
  this.destroy();
  const connection = this.irisConnection;
  const handler = connection?.handler;
  if (connection !== undefined) connection.handler = undefined;
  handler?.closed(error.message);
}

function onClose(this: OwnedSocket): void {
  const connection = this.irisConnection;
  const handler = connection?.handler;
  if (connection !== undefined) connection.handler = undefined;
  handler?.closed('closed');
}

/** Resolves once the server takes connections; from then on it tells `acceptFailed` what the system could not hand over. */
export function startListening(server: Server, address: ListenAddress, acceptFailed: (reason: string) => void): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const refused = (cause: NodeJS.ErrnoException) => reject(listenError(address, cause));
    server.once('error', refused);
    server.listen({ host: address.host, port: address.port, backlog: BACKLOG }, () => {
      server.off('error', refused);
      server.on('error', (error) => acceptFailed(errorLine(error)));
      const bound = server.address() as AddressInfo;
      const host = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address;
      resolve({
        address: `${host}:${bound.port}`,
        close: () =>
          new Promise((done) => {
            server.close(() => done());
            done();
          }),
      });
    });
  });
}

function listenError(address: ListenAddress, cause: NodeJS.ErrnoException): IrisError {
  const at = `${address.host}:${address.port}`;
  if (cause.code === 'EADDRINUSE')
    return new IrisError('ADDRESS_IN_USE', `${at} is taken by another process; choose another port or stop it`);
  return new IrisError('ADDRESS_IN_USE', `cannot listen on ${at}: ${errorLine(cause)}`);
}

/** What a socket’s `connect` needs of `host:port`. @throws IrisError CONNECTION_FAILED */
export function endpointOf(address: string): { readonly host: string; readonly port: number } {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
  const port = Number(address.slice(colon + 1));
  if (colon < 1 || !Number.isInteger(port) || port < 1 || port > 65_535)
    throw new IrisError('CONNECTION_FAILED', `no connection to ${address}: the address must be host:port`);
  return { host, port };
}

/** Resolves on `event` with the connection in its handler’s hands. @throws IrisError CONNECTION_FAILED */
export function connected(
  socket: Socket,
  { event, address }: { readonly event: 'connect' | 'secureConnect'; readonly address: string },
  handler: (connection: Connection) => ConnectionHandler,
): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => socket.destroy(new Error(`no answer within ${CONNECT_TIMEOUT_MS} ms`)));
    const failed = (error: Error) => reject(new IrisError('CONNECTION_FAILED', `no connection to ${address}: ${errorLine(error)}`));
    socket.once('error', failed);
    socket.once(event, () => {
      socket.setTimeout(0);
      socket.off('error', failed);
      const connection = new SocketConnection(socket);
      connection.handler = handler(connection);
      resolve();
    });
  });
}
