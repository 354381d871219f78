import { errorCodeOfWire } from '../../runtime/contract/errors.ts';
import { ByteReader } from '../../runtime/wire/byte-reader.ts';
import { ByteWriter } from '../../runtime/wire/byte-writer.ts';
import { encodeAck } from '../../runtime/wire/v2/ack.ts';
import { encodeBye } from '../../runtime/wire/v2/bye.ts';
import type { Cursor } from '../../runtime/wire/v2/cursor.ts';
import { type DeliverFrame, decodeDeliver } from '../../runtime/wire/v2/deliver.ts';
import { decodeFault } from '../../runtime/wire/v2/fault.ts';
import { encodeHello, type HelloFrame } from '../../runtime/wire/v2/hello.ts';
import { Opcode } from '../../runtime/wire/v2/opcodes.ts';
import { decodePing, encodePing } from '../../runtime/wire/v2/ping.ts';
import { encodeSend, type SendOptions } from '../../runtime/wire/v2/send.ts';
import { decodeSent, type SentFrame } from '../../runtime/wire/v2/sent.ts';
import { RawSocket } from './raw-socket.ts';

export interface Frame {
  readonly opcode: number;
  readonly reader: ByteReader;
}

/** A v2 client, frame by frame and without any of the released client’s care. */
export class V2Client {
  readonly raw: RawSocket;

  private constructor(raw: RawSocket) {
    this.raw = raw;
  }

  static async open(address: string): Promise<V2Client> {
    return new V2Client(await RawSocket.open(address));
  }

  static async logIn(address: string, user: string, fields: Partial<HelloFrame> = {}): Promise<V2Client> {
    const client = await V2Client.open(address);
    client.raw.write(hello(user, fields));
    await client.expect(Opcode.Welcome);
    return client;
  }

  async frame(): Promise<Frame> {
    const length = (await this.raw.take(4)).readUInt32BE(0);
    const body = Buffer.from(await this.raw.take(length));
    if (body.length < length) throw new Error('the connection closed inside a frame');
    const reader = new ByteReader().reset(body, 0, body.length);
    return { opcode: reader.u8(), reader };
  }

  async expect(opcode: number): Promise<ByteReader> {
    const frame = await this.frame();
    if (frame.opcode === opcode) return frame.reader;
    const detail = frame.opcode === Opcode.Fault ? `: ${decodeFault(frame.reader).message}` : '';
    throw new Error(`opcode 0x${frame.opcode.toString(16)} instead of 0x${opcode.toString(16)}${detail}`);
  }

  send(recipient: string, sequence: number, bodies: readonly (string | Buffer)[], fields: Partial<SendOptions> = {}): void {
    this.raw.write(sendFrame(recipient, sequence, bodies, fields));
  }

  async sent(): Promise<SentFrame> {
    return decodeSent(await this.expect(Opcode.Sent));
  }

  async deliver(): Promise<DeliverFrame> {
    return decodeDeliver(await this.expect(Opcode.Deliver));
  }

  /** The fault’s code by name, and what it names. */
  async fault(): Promise<{ code: string | undefined; sequence: number; count: number; message: string }> {
    const { wire, sequence, count, message } = decodeFault(await this.expect(Opcode.Fault));
    return { code: errorCodeOfWire(wire), sequence, count, message };
  }

  /** Asserts in effect that nothing else was waiting: the answer must be the next frame. */
  async ping(token: number): Promise<number> {
    this.raw.write(framed((out) => encodePing(out, token)));
    return decodePing(await this.expect(Opcode.Pong));
  }

  ack(cursor: Cursor): void {
    this.raw.write(framed((out) => encodeAck(out, cursor)));
  }

  /** Leaves in order: resolves once the acks are durable. */
  async bye(): Promise<void> {
    this.raw.write(framed(encodeBye));
    await this.expect(Opcode.Farewell);
    await this.raw.closed();
  }

  end(): void {
    this.raw.end();
  }
}

export function framed(write: (out: ByteWriter) => void): Buffer {
  const out = new ByteWriter();
  write(out);
  return out.take();
}

export function hello(user: string, fields: Partial<HelloFrame> = {}): Buffer {
  const defaults = { versionMin: 2, versionMax: 2, device: Buffer.alloc(8, 7), user: Buffer.from(user), token: '', cursors: [] };
  return framed((out) => encodeHello(out, { ...defaults, ...fields }));
}

export function sendFrame(
  recipient: string,
  sequence: number,
  bodies: readonly (string | Buffer)[],
  fields: Partial<SendOptions> = {},
): Buffer {
  const messages = bodies.map((body) => Buffer.from(body));
  return framed((out) => encodeSend(out, { flags: 0, sequence, previous: 0, recipient: Buffer.from(recipient), messages, ...fields }));
}

/** A frame with any bytes in it. */
export function rawFrame(body: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}
