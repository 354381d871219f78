import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A path to a server on which each connection takes so many bytes from its client, and then nothing more while it stays open; what comes back does. */
export class CloggingProxy {
  readonly address: string;
  /** Connections that take nothing more. */
  clogged = 0;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.server = server;
    this.address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** `target`: host:port. */
  static async open(target: string, bytesMax: number): Promise<CloggingProxy> {
    const [host = '', port = ''] = target.split(':');
    const server = createServer((client) => proxy.join(client, connect(Number(port), host), bytesMax));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const proxy = new CloggingProxy(server);
    return proxy;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private join(client: Socket, upstream: Socket, bytesMax: number): void {
    let bytes = 0;
    client.on('data', (part) => {
      bytes += part.length;
      upstream.write(part);
      if (bytes <= bytesMax) return;
      client.pause();
      this.clogged++;
    });
    upstream.pipe(client);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.sockets.delete(socket);
        other.destroy();
      });
    }
  }
}
