import { encodeSend } from '../runtime/wire/v2/send.ts';
import { GeneratorClient } from './generator-client.ts';
import { fillPayload, stampPayload } from './payload.ts';

export interface MessageSenderOptions {
  readonly name: string;
  readonly address: string;
  readonly number: number;
  /** Its frames go to these users in turn. */
  readonly recipients: readonly string[];
}

export interface MessageSenderParts {
  acknowledged(count: number, durability: number): void;
  refused(count: number, reason: string): void;
  readonly progress: () => void;
}

/** How a sender sends for a while. */
export interface SendShape {
  /** Messages of one frame. */
  readonly frameMessages: number;
  readonly bodyBytes: number;
  /** Frames without an answer at a time. */
  readonly window: number;
}

/** The messages of one sender to one recipient, numbered from 1 on. `id` names them in their payloads. */
interface Stream {
  readonly id: number;
  readonly recipient: Buffer;
  sent: number;
  /** Sequence of the last message. */
  previous: number;
}

/** One user who sends to others: numbered payloads, a bounded number of frames on their way. */
export class MessageSender {
  /** Messages sent so far. */
  sent = 0;
  private readonly number: number;
  private readonly streams: Stream[];
  private frames = 0;
  private client: GeneratorClient | undefined;
  private shape: SendShape = { frameMessages: 1, bodyBytes: 64, window: 1 };
  private bodies: Buffer[] = [];
  private target = 0;
  private openMessages = 0;

  private constructor({ number, recipients }: MessageSenderOptions) {
    this.number = number;
    this.streams = recipients.map((recipient, index) => ({
      id: number * recipients.length + index,
      recipient: Buffer.from(recipient),
      sent: 0,
      previous: 0,
    }));
  }

  static async connect(options: MessageSenderOptions, parts: MessageSenderParts): Promise<MessageSender> {
    const sender = new MessageSender(options);
    const { name, address, number } = options;
    sender.client = await GeneratorClient.connect(
      { address, user: `${name}-${number}`, device: number + 1 },
      {
        sent(count, durability) {
          parts.acknowledged(count, durability);
          sender.answered(count);
        },
        refused(count, reason) {
          parts.refused(count, reason);
          sender.answered(count);
        },
        chunkDone: parts.progress,
      },
    );
    return sender;
  }

  /** From now on sends like this. */
  prepare(shape: SendShape): void {
    this.shape = shape;
    const { frameMessages, bodyBytes } = shape;
    const bytes = Buffer.alloc(frameMessages * bodyBytes);
    this.bodies = Array.from({ length: frameMessages }, (_, index) => bytes.subarray(index * bodyBytes, (index + 1) * bodyBytes));
    for (const body of this.bodies) fillPayload(body, this.number);
  }

  /** Sends whole frames until `count` more messages have gone out, as fast as answers come. */
  sendMore(count: number): void {
    this.target = this.sent + count;
    this.pump();
  }

  /** Begins no further frame. */
  stopSending(): void {
    this.target = this.sent;
  }

  /** One frame now, whatever is on its way: for an open loop. */
  sendFrame(intendedMs: number): void {
    const stream = this.streams[this.frames++ % this.streams.length]!;
    for (const body of this.bodies) stampPayload(body, stream.id, ++stream.sent, intendedMs);
    const sequence = this.sent + 1;
    this.sent += this.bodies.length;
    this.openMessages += this.bodies.length;
    const { recipient, previous } = stream;
    if (this.client !== undefined) encodeSend(this.client.writer(), { flags: 0, sequence, previous, recipient, messages: this.bodies });
    stream.previous = this.sent;
  }

  /** Goes away without a word. */
  disconnect(): void {
    this.client?.destroy();
    this.client = undefined;
  }

  private answered(count: number): void {
    this.openMessages -= count;
    this.pump();
  }

  private pump(): void {
    const { window, frameMessages } = this.shape;
    while (this.sent < this.target && this.openMessages < window * frameMessages) this.sendFrame(0);
  }
}
