import { encodeSend } from '../runtime/wire/v2/send.ts';
import { GeneratorClient } from './generator-client.ts';
import { fillPayload, stampPayload } from './payload.ts';

export interface MessageSenderOptions {
  readonly address: string;
  /** Names the sender in its payloads. */
  readonly number: number;
  readonly recipient: string;
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

/** One user who sends to one other: numbered payloads, a bounded number of frames on their way. */
export class MessageSender {
  /** Messages sent so far. */
  sent = 0;
  private readonly number: number;
  private readonly recipient: Buffer;
  private client: GeneratorClient | undefined;
  private shape: SendShape = { frameMessages: 1, bodyBytes: 64, window: 1 };
  private bodies: Buffer[] = [];
  private previous = 0;
  private target = 0;
  private openMessages = 0;

  private constructor({ number, recipient }: MessageSenderOptions) {
    this.number = number;
    this.recipient = Buffer.from(recipient);
  }

  static async connect(options: MessageSenderOptions, parts: MessageSenderParts): Promise<MessageSender> {
    const sender = new MessageSender(options);
    const { address, number } = options;
    sender.client = await GeneratorClient.connect(
      { address, user: `sender-${number}`, device: number + 1 },
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
    for (const body of this.bodies) stampPayload(body, this.number, ++this.sent, intendedMs);
    const sequence = this.sent - this.bodies.length + 1;
    this.openMessages += this.bodies.length;
    if (this.client !== undefined) {
      encodeSend(this.client.writer(), { flags: 0, sequence, previous: this.previous, recipient: this.recipient, messages: this.bodies });
    }
    this.previous = this.sent;
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
