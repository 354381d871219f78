import { createTcpTransport } from '../runtime/adapters/transport-tcp.ts';
import { IrisError } from '../runtime/contract/errors.ts';
import { FRAME_BYTES_MAX, PING_INTERVAL_MS } from '../runtime/contract/limits.ts';
import type { Connection, ConnectionHandler } from '../runtime/ports/transport.ts';
import { Bursts, type BurstTarget } from '../runtime/wire/bursts.ts';
import { ByteReader } from '../runtime/wire/byte-reader.ts';
import type { ByteWriter } from '../runtime/wire/byte-writer.ts';
import { type FrameSink, FrameSplitter } from '../runtime/wire/frame-splitter.ts';
import type { Cursor } from '../runtime/wire/v2/cursor.ts';
import { decodeFault } from '../runtime/wire/v2/fault.ts';
import { decodeGeneration, type GenerationFrame } from '../runtime/wire/v2/generation.ts';
import { encodeHello, Reads, type ReadsKind } from '../runtime/wire/v2/hello.ts';
import { FETCH_VERSION, Opcode, VERSION_MAX, VERSION_MIN } from '../runtime/wire/v2/opcodes.ts';
import { encodePing } from '../runtime/wire/v2/ping.ts';
import { decodeSent } from '../runtime/wire/v2/sent.ts';

/** What a client of the generator does with what it hears. */
export interface ClientEvents {
  /** The reader stands behind the opcode of a DELIVER. */
  delivered?(reader: ByteReader, client: GeneratorClient): void;
  generation?(frame: GenerationFrame): void;
  sent?(count: number, durability: number): void;
  refused?(count: number, reason: string): void;
  /** All frames of one chunk have been handled. */
  chunkDone?(): void;
}

export interface ClientOptions {
  readonly address: string;
  readonly user: string;
  /** Number of the device whose sequences a sender counts. */
  readonly device: number;
  readonly cursors?: readonly Cursor[];
  /** @default all */
  readonly reads?: ReadsKind;
}

const transport = createTcpTransport();
/** All clients share the writes of one burst, as the sessions of an edge do. */
const bursts = new Bursts((callback) => {
  setImmediate(callback);
});
const reader = new ByteReader();

/** A v2 connection with nothing around it: no retries, no queue, no object per message, so that the generator is not what is measured. */
export class GeneratorClient implements ConnectionHandler, BurstTarget, FrameSink {
  burst: ByteWriter | undefined;
  private readonly events: ClientEvents;
  private readonly splitter = new FrameSplitter(FRAME_BYTES_MAX);
  private connection: Connection | undefined;
  /** As every client does: who has nothing to say for long is taken for dead. */
  private pinging: NodeJS.Timeout | undefined;
  private login: { resolve(): void; reject(error: IrisError): void } | undefined;

  private constructor(events: ClientEvents) {
    this.events = events;
  }

  /** Resolves when logged in. @throws IrisError CONNECTION_FAILED, AUTHENTICATION_FAILED */
  static async connect(
    { address, user, device, cursors = [], reads = Reads.all }: ClientOptions,
    events: ClientEvents,
  ): Promise<GeneratorClient> {
    const client = new GeneratorClient(events);
    const loggedIn = new Promise<void>((resolve, reject) => {
      client.login = { resolve, reject };
    });
    await transport.connect(address, (connection) => {
      client.connection = connection;
      return client;
    });
    client.pinging = setInterval(() => encodePing(client.writer(), 0), PING_INTERVAL_MS).unref();
    const deviceBytes = Buffer.alloc(8);
    deviceBytes.writeUInt32BE(device, 4);
    const versionMin = reads === Reads.shares ? FETCH_VERSION : VERSION_MIN;
    const hello = { versionMin, versionMax: VERSION_MAX, device: deviceBytes, user: Buffer.from(user), token: '', cursors, reads };
    encodeHello(client.writer(), hello);
    await loggedIn;
    return client;
  }

  writer(): ByteWriter {
    return bursts.writer(this);
  }

  /** Drops the connection as a lost network does. */
  destroy(): void {
    clearInterval(this.pinging);
    this.splitter.stop();
    this.connection?.destroy();
  }

  received(chunk: Buffer): void {
    this.splitter.push(chunk, this);
    this.events.chunkDone?.();
  }

  drained(): void {}

  closed(reason: string): void {
    this.login?.reject(new IrisError('CONNECTION_FAILED', `connection ended before the login: ${reason}`));
    this.connection = undefined;
    clearInterval(this.pinging);
  }

  writeBurst(bytes: Buffer): void {
    this.connection?.write(bytes);
  }

  frame(buffer: Buffer, start: number, end: number): void {
    reader.reset(buffer, start, end);
    switch (reader.u8()) {
      case Opcode.Deliver:
        this.events.delivered?.(reader, this);
        break;
      case Opcode.Sent: {
        const { count, durability } = decodeSent(reader);
        this.events.sent?.(count, durability);
        break;
      }
      case Opcode.Fault: {
        const { count, message } = decodeFault(reader);
        if (count === 0) this.login?.reject(new IrisError('CONNECTION_FAILED', message));
        this.events.refused?.(count, message);
        break;
      }
      case Opcode.Generation:
        this.events.generation?.(decodeGeneration(reader));
        break;
      case Opcode.Welcome:
        this.login?.resolve();
        this.login = undefined;
        break;
      default:
        break;
    }
  }
}
