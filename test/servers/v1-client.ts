import { RawSocket } from './raw-socket.ts';

export interface V1Message {
  readonly id: Buffer;
  readonly body: string;
}

/** A client of the original’s protocol, packet by packet. */
export class V1Client {
  readonly raw: RawSocket;

  private constructor(raw: RawSocket) {
    this.raw = raw;
  }

  static async logIn(address: string, user: string): Promise<V1Client> {
    const client = new V1Client(await RawSocket.open(address));
    client.raw.write(login(user));
    await client.loggedIn();
    return client;
  }

  static async open(address: string): Promise<V1Client> {
    return new V1Client(await RawSocket.open(address));
  }

  async loggedIn(): Promise<void> {
    const answer = (await this.raw.take(9)).toString('latin1');
    if (answer !== '\x03LOGIN_OK') throw new Error(`the login was answered with ${JSON.stringify(answer)}`);
  }

  send(recipient: string, body: string): void {
    this.raw.write(send(recipient, body));
  }

  /** The next message; every other packet before it is an error. */
  async message(): Promise<V1Message> {
    const head = await this.raw.take(23);
    if (head[0] !== 0x10 || head.readUInt16BE(1) !== 16) throw new Error(`not a message: ${head.toString('hex')}`);
    const body = await this.raw.take(head.readUInt32BE(19));
    return { id: Buffer.from(head.subarray(3, 19)), body: body.toString('latin1') };
  }

  async messages(count: number): Promise<V1Message[]> {
    const messages: V1Message[] = [];
    while (messages.length < count) messages.push(await this.message());
    return messages;
  }

  /** Asks for a status and waits for the answer: everything written before has been handled. Only while nothing else is to come. */
  async handled(): Promise<void> {
    this.raw.write(status('nobody'));
    const answer = await this.raw.take(18);
    if (answer[0] !== 6) throw new Error(`not a status: ${answer.toString('hex')}`);
  }

  ack(message: V1Message): void {
    this.raw.write(ack(message.id));
  }

  end(): void {
    this.raw.end();
  }
}

export function login(user: string): Buffer {
  return Buffer.from(`\x01${user}`, 'latin1');
}

export function send(recipient: string, body: string): Buffer {
  return Buffer.concat([Buffer.of(2), short(recipient), short(body)]);
}

export function batch(recipient: string, bodies: readonly string[]): Buffer {
  const blob = Buffer.concat(bodies.map(short));
  return Buffer.concat([Buffer.of(4), short(recipient), u32(blob.length), blob]);
}

export function ack(id: Buffer): Buffer {
  return Buffer.concat([Buffer.of(3), id]);
}

export function status(user: string): Buffer {
  return Buffer.concat([Buffer.of(5), short(user)]);
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function short(text: string): Buffer {
  const bytes = Buffer.alloc(2 + text.length);
  bytes.writeUInt16BE(text.length);
  bytes.write(text, 2, 'latin1');
  return bytes;
}
