import type { IrisError } from '../contract/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { ByteReader } from '../wire/byte-reader.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import { userNameBytes } from '../wire/user-name.ts';
import { decodeAudienceAnswer } from '../wire/v2/audience.ts';
import { decodeMessageStatus, encodeMessageStatusQuery, type MessageStatusFrame } from '../wire/v2/message-status.ts';
import { AUDIENCE_VERSION, Opcode, WATCH_VERSION } from '../wire/v2/opcodes.ts';
import { decodeWatched } from '../wire/v2/watch.ts';
import { OwnAudience } from './audience.ts';
import type { IrisMessage } from './incoming.ts';
import { type MessageStatus, MessageStatuses, type SentMessages } from './message-statuses.ts';
import { ReadMarks } from './read-marks.ts';
import { Watches } from './watches.ts';

/** Frames written in a quarter of a second: below the server’s budget of 100 a second. */
const FRAMES_AT_ONCE = 20;
/** Milliseconds an answer about a status may take; then what is known is the answer. */
const ANSWER_TIMEOUT_MS = 3_000;

export interface SignalsParts {
  readonly clock: Clock;
  /** The writer while connected to a server of version 3. */
  writer(): ByteWriter | undefined;
  /** What the server that is connected speaks; 0 before the first login. */
  version(): number;
  /** Those of the connections that read buckets: a READ concerns whichever has the message. */
  bucketWriters(): readonly ByteWriter[];
}

/** What a client says and asks beside its messages: what was read here, what became of what was sent, how others are. Paced, and said again when lost. */
export class Signals {
  readonly statuses: MessageStatuses;
  readonly watches: Watches;
  readonly audience: OwnAudience;
  private readonly parts: SignalsParts;
  private readonly reads = new ReadMarks();
  /** Recipients to ask about. */
  private readonly questions = new Set<string>();
  private left = FRAMES_AT_ONCE;
  private isFlushDue = false;

  constructor(parts: SignalsParts) {
    this.parts = parts;
    this.statuses = new MessageStatuses(parts.clock);
    const since = (version: number) => ({
      clock: parts.clock,
      writer: () => (parts.version() >= version ? parts.writer() : undefined),
      isOld: () => parts.version() > 0 && parts.version() < version,
    });
    this.watches = new Watches(since(WATCH_VERSION));
    this.audience = new OwnAudience(since(AUDIENCE_VERSION));
  }

  markRead(message: IrisMessage): void {
    this.reads.add(message);
    this.flushSoon();
  }

  /** Follows one send from its start to its answer; `send` says its first sequence before it writes. */
  async track<T>({ to, count }: { to: string; count: number }, send: (started: (sequence: number) => void) => Promise<T>): Promise<T> {
    let sent: SentMessages = { to, sequence: 0, count };
    try {
      const receipt = await send((sequence) => {
        sent = { to, sequence, count };
        this.statuses.started(sent);
      });
      this.statuses.stored(sent);
      return receipt;
    } catch (error) {
      this.statuses.failed(sent.sequence);
      throw error;
    }
  }

  /** What the server knows, or what this client knows when no answer comes. @throws IrisError NAME_INVALID, FRAME_TOO_LARGE */
  async statusOf(messages: SentMessages): Promise<MessageStatus> {
    userNameBytes(messages.to);
    const known = this.statuses.of(messages);
    if (known === 'pending' || known === 'read' || this.parts.writer() === undefined) return known;
    this.ask(messages.to);
    await this.statuses.until(messages.to, () => true, ANSWER_TIMEOUT_MS);
    return this.statuses.of(messages);
  }

  /** Resolves to true once the messages are delivered, or read; to false after `timeoutMs`. @throws IrisError NAME_INVALID, FRAME_TOO_LARGE */
  async reached(messages: SentMessages, status: 'delivered' | 'read', timeoutMs: number): Promise<boolean> {
    userNameBytes(messages.to);
    const isSo = () => {
      const now = this.statuses.of(messages);
      return now === 'read' || now === status;
    };
    if (isSo()) return true;
    this.ask(messages.to);
    return await this.statuses.until(messages.to, isSo, timeoutMs);
  }

  /** Handles a frame of the server’s; false for an opcode that is none of these. */
  frame(opcode: number, reader: ByteReader): boolean {
    if (opcode === Opcode.MessageStatus) this.grown(decodeMessageStatus(reader));
    else if (opcode === Opcode.Watched) this.watches.told(decodeWatched(reader));
    else if (opcode === Opcode.AudienceAnswer) this.audience.answered(decodeAudienceAnswer(reader));
    else return false;
    return true;
  }

  grown(frame: MessageStatusFrame): void {
    if (frame.recipient.length === 0) this.repeat();
    else this.statuses.grown(frame);
  }

  /** Signals and news may have been lost: says and asks everything again. */
  repeat(): void {
    this.reads.repeat();
    for (const to of this.statuses.awaited) this.questions.add(to);
    this.watches.repeat();
    this.audience.repeat();
    this.flushSoon();
  }

  /** Called four times a second. */
  tick(): void {
    this.left = Math.min(this.left, 0) + FRAMES_AT_ONCE;
    this.flush();
  }

  /** The client is closed: who waits hears what is known. */
  end(error: IrisError): void {
    this.statuses.endWaiting();
    this.audience.failAll(error);
  }

  private flush(): void {
    this.isFlushDue = false;
    const out = this.hasWork ? this.parts.writer() : undefined;
    if (out === undefined) return;
    this.left -= this.reads.write([out, ...this.parts.bucketWriters()], this.left);
    for (const to of this.questions) {
      if (this.left <= 0) return;
      this.left--;
      this.questions.delete(to);
      encodeMessageStatusQuery(out, Buffer.from(to, 'utf8'));
    }
  }

  private get hasWork(): boolean {
    return this.reads.hasUntold || this.questions.size > 0;
  }

  private ask(to: string): void {
    this.questions.add(to);
    this.flushSoon();
  }

  /** What one burst says goes out together. */
  private flushSoon(): void {
    if (this.isFlushDue) return;
    this.isFlushDue = true;
    this.parts.clock.soon(() => this.flush());
  }
}
