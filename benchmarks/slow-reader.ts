import { connect, type Socket } from 'node:net';
import { ByteWriter } from '../runtime/wire/byte-writer.ts';
import { encodeHello } from '../runtime/wire/v2/hello.ts';
import { VERSION_MAX, VERSION_MIN } from '../runtime/wire/v2/opcodes.ts';

/** Clients that log in and then read one byte at each `tick`. */
export class SlowReaders {
  private readonly sockets: readonly Socket[];

  private constructor(sockets: readonly Socket[]) {
    this.sockets = sockets;
  }

  static async connect(address: string, users: readonly string[]): Promise<SlowReaders> {
    return new SlowReaders(await Promise.all(users.map((user) => slowReader(address, user))));
  }

  tick(): void {
    for (const socket of this.sockets) socket.resume();
  }

  destroy(): void {
    for (const socket of this.sockets) socket.destroy();
  }
}

function slowReader(address: string, user: string): Promise<Socket> {
  const at = address.lastIndexOf(':');
  const onread = { buffer: Buffer.alloc(1), callback: () => false };
  const out = new ByteWriter();
  const hello = { versionMin: VERSION_MIN, versionMax: VERSION_MAX, device: Buffer.alloc(8, 1), token: '', cursors: [] };
  encodeHello(out, { ...hello, user: Buffer.from(user) });
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address.slice(0, at), port: Number(address.slice(at + 1)), onread }, () => {
      socket.write(out.take());
      resolve(socket);
    });
    socket.on('error', reject);
  });
}
