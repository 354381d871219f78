import { IrisClient } from '../runtime/client/index.ts';
import type { DeliveryLedger } from './delivery-ledger.ts';
import { isWhole, stampPayload } from './payload.ts';

export interface DayUserParts {
  readonly ledger: DeliveryLedger;
  /** How late a message was for a reader who was there when it was to be sent, in milliseconds. */
  readonly latency: (ms: number) => void;
  acknowledged(count: number, durability: string, intendedMs: number): void;
  refused(count: number, reason: string): void;
}

/** Milliseconds a send may wait, through the death of an edge or a core. */
const SEND_TIMEOUT_MS = 60_000;

/** One user of a mixed day, through the released client: comes, reads and acknowledges, sends, and leaves in order. */
export class DayUser {
  readonly name: string;
  /** Sends without an answer. */
  openSends = 0;
  /** Messages that came again since the last farewell was not confirmed, as the client’s `close` says they may. */
  repeated = 0;
  private readonly number: number;
  private readonly parts: DayUserParts;
  private readonly addresses: readonly string[];
  private client: IrisClient | undefined;
  private onlineSinceMs = Number.POSITIVE_INFINITY;
  /** Numbers given so far, by recipient. */
  private readonly sentTo = new Map<number, number>();
  /** Per bucket, the place of the last message read before an unconfirmed farewell. */
  private readonly readThrough = new Map<number, readonly [position: number, index: number]>();
  private mayRepeat = false;

  constructor(number: number, addresses: readonly string[], parts: DayUserParts) {
    this.number = number;
    this.name = `day-${number}`;
    this.addresses = addresses;
    this.parts = parts;
  }

  async come(): Promise<void> {
    const client = await IrisClient.connect({
      addresses: this.addresses,
      user: this.name,
      connectTimeoutMs: 30_000,
      sendTimeoutMs: SEND_TIMEOUT_MS,
    });
    this.client = client;
    this.onlineSinceMs = performance.now();
    this.read(client).catch((error: unknown) => this.parts.refused(1, String(error)));
  }

  async leave(): Promise<void> {
    const { client } = this;
    this.client = undefined;
    this.onlineSinceMs = Number.POSITIVE_INFINITY;
    this.mayRepeat = (await client?.close()) === false;
  }

  /** Sends `bodies` as one message or batch that was due at `intendedMs`. `users` makes a stream’s number of its two ends. */
  send(recipient: DayUser, bodies: readonly Buffer[], intendedMs: number, users: number): void {
    let number = this.sentTo.get(recipient.number) ?? 0;
    for (const body of bodies) stampPayload(body, this.number * users + recipient.number, ++number, intendedMs);
    this.sentTo.set(recipient.number, number);
    this.openSends++;
    this.client!.sendBatch(recipient.name, bodies).then(
      ({ count, durability }) => {
        this.openSends--;
        this.parts.acknowledged(count, durability, intendedMs);
      },
      (error: unknown) => {
        this.openSends--;
        this.parts.refused(bodies.length, String(error));
      },
    );
  }

  private async read(client: IrisClient): Promise<void> {
    const { ledger, latency } = this.parts;
    for await (const message of client.messages()) {
      const { body, id } = message;
      const [bucket, position, index] = id.split('-').map(Number) as [number, number, number];
      const [readPosition, readIndex] = this.readThrough.get(bucket) ?? [0, 0];
      const isRepeated = this.mayRepeat && (position < readPosition || (position === readPosition && index <= readIndex));
      if (isRepeated) this.repeated++;
      else if (isWhole(body, 0, body.length)) {
        ledger.take(body.readUInt32BE(0), body.readUInt32BE(4));
        const intendedMs = body.readDoubleBE(8);
        if (this.onlineSinceMs <= intendedMs) latency(performance.now() - intendedMs);
        this.readThrough.set(bucket, [position, index]);
      } else this.parts.refused(1, `a payload of ${body.length} bytes is not what was sent`);
      client.ack(message);
    }
  }
}
