import { connect as connectSocket, createServer } from 'node:net';
import type { Connection, ConnectionHandler, Transport } from '../ports/transport.ts';
import { connected, endpointOf, SOCKET_OPTIONS, SocketConnection, startListening } from './socket-connection.ts';

export interface TcpTransportOptions {
  /** The system could not hand over a connection, mostly since the process has no file descriptor left; the listener goes on. */
  readonly acceptFailed?: (reason: string) => void;
}

/** Plain TCP without Nagle’s delay. */
export function createTcpTransport({ acceptFailed = () => {} }: TcpTransportOptions = {}): Transport {
  return {
    listen: (address, accept) => {
      const server = createServer(SOCKET_OPTIONS, (socket) => {
        const connection = new SocketConnection(socket);
        connection.handler = accept(connection);
      });
      return startListening(server, address, acceptFailed);
    },
    connect,
  };
}

async function connect(address: string, handler: (connection: Connection) => ConnectionHandler): Promise<void> {
  const socket = connectSocket({ ...endpointOf(address), ...SOCKET_OPTIONS });
  await connected(socket, { event: 'connect', address }, handler);
}
