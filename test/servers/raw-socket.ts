import { connect, type Socket } from 'node:net';
import { until } from './node-pair.ts';

/** A client that speaks bytes: what it sends is its own affair, what it hears is kept. */
export class RawSocket {
  readonly socket: Socket;
  received = Buffer.alloc(0);
  isClosed = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk]);
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.isClosed = true;
    });
  }

  /** `localAddress` is where it comes from, such as another one of loopback’s. */
  static open(address: string, localAddress?: string): Promise<RawSocket> {
    const [host, port] = address.split(':') as [string, string];
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port: Number(port), ...(localAddress && { localAddress }) }, () => resolve(new RawSocket(socket)));
      socket.setNoDelay(true);
      socket.once('error', reject);
    });
  }

  /** Bytes, or hex with spaces. */
  write(bytes: Buffer | string): void {
    this.socket.write(typeof bytes === 'string' ? hex(bytes) : bytes);
  }

  async writeAll(bytes: Buffer): Promise<void> {
    if (!this.socket.write(bytes)) await new Promise((resolve) => this.socket.once('drain', resolve));
  }

  /** Resolves with exactly the next `count` bytes. */
  async take(count: number): Promise<Buffer> {
    await until(() => this.received.length >= count || this.isClosed, `${count} bytes, ${this.received.length} came`);
    const taken = this.received.subarray(0, count);
    this.received = this.received.subarray(count);
    return taken;
  }

  closed(): Promise<void> {
    return until(() => this.isClosed, 'the connection closes');
  }

  end(): void {
    this.socket.destroy();
  }
}

export function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}
