import { generationOf } from '../contract/bucket-name.ts';
import { stampMs } from '../wire/envelope.ts';
import type { Cursor } from '../wire/v2/cursor.ts';
import type { DeliverFrame } from '../wire/v2/deliver.ts';
import { CURSORS_MAX } from '../wire/v2/hello.ts';
import { SeenMessages, type SeenRow } from './seen-messages.ts';

/** Messages of a log that is gone, given out and not acknowledged, that are remembered: they may come again from another. */
const ORPHANS_MAX = 10_000;
/** Messages that wait for the application; beyond it they are left in the inbox and read again later. */
const QUEUED_MAX = 10_000;
const NO_DEVICE = Buffer.alloc(8);

/** What the envelope says of a message’s way, to tell its sender that it was read. */
export type MessageOrigin = Pick<DeliverFrame, 'isStatusWanted' | 'device' | 'sequence' | 'previous'>;

/** A message as the application reads it. */
export class IrisMessage {
  /** Where it stands in the inbox; opaque, the same on every delivery. */
  readonly id: string;
  /** The sender, stamped by the server from its session (L5). */
  readonly sender: string;
  readonly body: Buffer;
  /** Milliseconds since 1970 at which the sender’s edge took it in. */
  readonly sentAtMs: number;
  /** @internal */
  readonly cursor: Cursor;
  /** @internal */
  readonly origin: MessageOrigin;

  constructor(frame: Pick<DeliverFrame, 'sender' | 'stamp'>, origin: MessageOrigin, delivery: { body: Buffer; cursor: Cursor }) {
    this.sender = frame.sender;
    this.body = delivery.body;
    this.sentAtMs = stampMs(frame.stamp);
    this.origin = origin;
    const { cursor } = delivery;
    this.cursor = cursor;
    this.id = `${cursor.bucket}-${cursor.position}-${cursor.index}`;
  }

  /** @internal The message’s own sequence. */
  get sequence(): number {
    return this.origin.sequence + this.cursor.index;
  }

  /** @internal True for the first message of its packet. */
  get isFirst(): boolean {
    return this.cursor.index === 0;
  }

  /** The body as UTF-8. */
  text(): string {
    return this.body.toString('utf8');
  }
}

/** A message after its bucket’s cursor. */
interface OpenMessage {
  readonly cursor: Cursor;
  readonly row: SeenRow;
  readonly sequence: number;
  isAcknowledged: boolean;
  /** The same message at other places: acknowledged when this one is. */
  twins?: OpenMessage[];
}

export interface IncomingParts {
  /** A bucket’s cursor has moved. */
  moved(cursor: Cursor): void;
  /** A message came again at another place, and was not given out. */
  repeated?(body: Buffer): void;
}

/**
 * What was delivered and not yet acknowledged. A message is handed out once, however often and from wherever it is delivered (L2);
 * acknowledgements may come in any order, and only what is acknowledged without a hole moves the cursor.
 */
export class Incoming {
  private readonly parts: IncomingParts;
  private readonly seen = new SeenMessages();
  private orphans: OpenMessage[] = [];
  private readonly queue: IrisMessage[] = [];
  private readonly waiting: ((message: IrisMessage | undefined) => void)[] = [];
  /** Per bucket: the last message handed out, and the messages after the cursor in order. */
  private readonly buckets = new Map<number, { received: Cursor; cursor: Cursor | undefined; open: OpenMessage[] }>();
  private isClosed = false;
  private roomMade: (() => void) | undefined;
  /** True when deliveries were passed over because the application is behind. */
  isLagging = false;

  constructor(parts: IncomingParts) {
    this.parts = parts;
  }

  /** Where the application stands, for HELLO: of the newest buckets, as many as it may name. */
  cursors(isNamed: (bucket: number) => boolean = () => true): Cursor[] {
    const all = [...this.buckets.values()].flatMap(({ cursor }) => (cursor !== undefined && isNamed(cursor.bucket) ? [cursor] : []));
    return all.length <= CURSORS_MAX ? all : all.toSorted((a, b) => b.bucket - a.bucket).slice(0, CURSORS_MAX);
  }

  /** The bucket’s log is another one now: its positions begin anew. */
  forget(bucket: number): void {
    const open = this.buckets.get(bucket)?.open ?? [];
    this.orphans = [...this.orphans, ...open].filter((one) => !one.isAcknowledged).slice(-ORPHANS_MAX);
    this.buckets.delete(bucket);
  }

  /** The generations before this one are over: nothing comes out of their buckets again, but what is not acknowledged may be elsewhere. */
  forgetBefore(generation: number): void {
    for (const bucket of this.buckets.keys()) if (generationOf(bucket) < generation) this.forget(bucket);
  }

  get queued(): number {
    return this.queue.length;
  }

  get isFull(): boolean {
    return this.queue.length >= QUEUED_MAX;
  }

  /** `listener` hears when half of what may wait here has been read. */
  onRoom(listener: () => void): void {
    this.roomMade = listener;
  }

  /** Of a connection that cannot wait: what passes the bound is left in the inbox. */
  delivered(frame: DeliverFrame): void {
    this.take(frame, () => {
      if (this.isFull) this.isLagging = true;
      return !this.isLagging;
    });
  }

  /** Of a connection that waits while `isFull`: one envelope may pass the bound. */
  fetched(frame: DeliverFrame): void {
    this.take(frame, () => true);
  }

  private take(frame: DeliverFrame, hasRoom: () => boolean): void {
    const { isStatusWanted, sequence, previous } = frame;
    // Views would keep the whole chunk for as long as the application keeps the message.
    const origin = { isStatusWanted, sequence, previous, device: isStatusWanted ? Buffer.from(frame.device) : NO_DEVICE };
    const row = this.seen.rowOf(frame.device, frame.sender);
    for (let index = frame.firstIndex; index < frame.count; index++) {
      if (this.isClosed || !hasRoom()) return;
      const cursor = { bucket: frame.bucket, position: frame.position, index };
      const open = { cursor, row, sequence: sequence + index, isAcknowledged: false };
      if (!this.isNew(open)) continue;
      const body = Buffer.from(frame.messages[index] as Buffer);
      if (this.seen.add(row, open.sequence)) this.handOut(new IrisMessage(frame, origin, { body, cursor }));
      else this.repeated(open, body);
    }
  }

  /** The next message; undefined once closed. */
  next(): Promise<IrisMessage | undefined> {
    const message = this.queue.shift();
    if (this.queue.length === QUEUED_MAX / 2) this.roomMade?.();
    if (message !== undefined || this.isClosed) return Promise.resolve(message);
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  /** The application has the message. */
  acknowledge({ cursor }: IrisMessage): void {
    const isMeant = (candidate: OpenMessage) => candidate.cursor === cursor;
    const open = this.buckets.get(cursor.bucket)?.open.find(isMeant) ?? this.orphans.find(isMeant);
    if (open !== undefined) this.acknowledgeAll(open);
  }

  private acknowledgeAll(open: OpenMessage): void {
    open.isAcknowledged = true;
    this.settle(open.cursor.bucket);
    for (const twin of open.twins ?? []) this.acknowledgeAll(twin);
  }

  close(): void {
    this.isClosed = true;
    for (const resolve of this.waiting.splice(0)) resolve(undefined);
  }

  /** The application got it before. Where it has not acknowledged that yet, this place waits for it too: it may be all that is left. */
  private repeated(open: OpenMessage, body: Buffer): void {
    const isSame = (one: OpenMessage) => one !== open && one.row === open.row && one.sequence === open.sequence && !one.isAcknowledged;
    const first = [this.orphans, ...[...this.buckets.values()].map((bucket) => bucket.open)].flatMap((list) => list.find(isSame) ?? [])[0];
    if (first === undefined) open.isAcknowledged = true;
    else first.twins = [...(first.twins ?? []), open];
    this.parts.repeated?.(body);
    this.settle(open.cursor.bucket);
  }

  /** Moves the cursor of a bucket past what is acknowledged without a hole. */
  private settle(number: number): void {
    const bucket = this.buckets.get(number);
    let done = 0;
    while (bucket?.open[done]?.isAcknowledged === true) done++;
    if (bucket === undefined || done === 0) return;
    const { cursor } = bucket.open[done - 1] as OpenMessage;
    bucket.cursor = cursor;
    bucket.open.splice(0, done);
    this.parts.moved(cursor);
  }

  private isNew(open: OpenMessage): boolean {
    const { cursor } = open;
    const bucket = this.buckets.get(cursor.bucket);
    if (bucket === undefined) {
      this.buckets.set(cursor.bucket, { received: cursor, cursor: undefined, open: [open] });
      return true;
    }
    const { received } = bucket;
    const isLater = cursor.position > received.position || (cursor.position === received.position && cursor.index > received.index);
    if (!isLater) return false;
    bucket.received = cursor;
    bucket.open.push(open);
    return true;
  }

  private handOut(message: IrisMessage): void {
    const waiting = this.waiting.shift();
    if (waiting === undefined) this.queue.push(message);
    else waiting(message);
  }
}
