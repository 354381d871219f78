import { UNSEEN } from '../contract/audience.ts';
import * as limits from '../contract/limits.ts';
import { EphemeralKind, type InboxSubscription, type UserStatus } from '../ports/inbox-feed.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import {
  ENVELOPE_STATUS_WANTED,
  entriesStart,
  envelopeCount,
  envelopeFlags,
  envelopeSender,
  envelopeStamp,
  forEachEntry,
  stampMs,
} from '../wire/envelope.ts';
import { MESSAGE_ID_BYTES, readMessageId } from '../wire/message-id.ts';
import * as v1 from '../wire/v1/encode.ts';
import { OpcodeV1 } from '../wire/v1/opcodes.ts';
import { afterName, nameAt } from '../wire/v1/packet.ts';
import { handReceipt, handTyping } from './ephemeral-sends.ts';
import type { SessionParts } from './session-parts.ts';
import { ShownWishes } from './shown-wishes.ts';
import { SignalBudget } from './signal-budget.ts';
import { StatusQuestions } from './status-questions.ts';

/** The bucket in the id of a message that is in no inbox. */
export const NO_BUCKET = 0xffff_ffff;

/** What a signal needs of its session. */
export interface SignallingSessionV1 {
  readonly isOpen: boolean;
  readonly user: Buffer | undefined;
  readonly subscription: InboxSubscription | undefined;
  writer(): ByteWriter;
}

/** What a v1 client says and hears beside messages: typing, receipts, status queries. The original carries typing within one edge only. */
export class SignalsV1 {
  private readonly parts: SessionParts;
  private readonly session: SignallingSessionV1;
  private readonly budget: SignalBudget;
  /** Made when first needed, like the questions: there are as many of these as connections. */
  private wishes: ShownWishes | undefined;
  private asked: StatusQuestions | undefined;

  constructor(parts: SessionParts, session: SignallingSessionV1) {
    this.parts = parts;
    this.session = session;
    this.budget = new SignalBudget(parts.clock);
  }

  /** Handles the packet at `buffer[at …)` of a client that is logged in; false for an opcode that is none of these. */
  packet(opcode: number, buffer: Buffer, at: number): boolean {
    switch (opcode) {
      case OpcodeV1.GetStatus:
        this.ask(nameAt(buffer, at + 1));
        return true;
      case OpcodeV1.TypingStart:
      case OpcodeV1.TypingStop:
        this.typing(nameAt(buffer, at + 1), opcode === OpcodeV1.TypingStart);
        return true;
      case OpcodeV1.ReadReceipt:
        this.receipt(buffer, at);
        return true;
      default:
        return false;
    }
  }

  /** Before the client acknowledges it. */
  shown(at: { bucket: number; position: number }, buffer: Buffer, start: number): void {
    if ((envelopeFlags(buffer, start) & ENVELOPE_STATUS_WANTED) === 0) return;
    this.wishes ??= new ShownWishes();
    this.wishes.add(at, buffer, start);
  }

  /** Best-effort messages look like others; their ids stand for nothing that is kept. */
  handed(kind: EphemeralKind, buffer: Buffer, start: number, end: number): void {
    const out = this.session.writer();
    const [stamp, sender] = [envelopeStamp(buffer, start), envelopeSender(buffer, start)];
    if (kind === EphemeralKind.message) this.parts.counters.messagesOut.value += envelopeCount(buffer, start);
    forEachEntry(buffer, entriesStart(buffer, start), end, (from, to, index) => {
      if (kind === EphemeralKind.message) v1.encodeReliable(out, { bucket: NO_BUCKET, position: stamp, index }, buffer, from, to);
      else if (kind === EphemeralKind.typing) v1.encodeTypingV1(out, sender, buffer[from] === 1);
      else if (kind === EphemeralKind.receipt) {
        v1.encodeReadReceipt(out, { id: buffer.subarray(from, to), reader: sender, readAtMs: stampMs(stamp) });
      }
    });
  }

  /** Under load the answer is to ask later. The original takes a name of any length here; nobody has a longer one than a LOGIN may say, and no link takes it. */
  private ask(name: Buffer): void {
    const { load } = this.parts;
    if (load.sheds('presence')) v1.encodeRateLimited(this.session.writer(), load.retryAfterMs(limits.SHED_RETRY_MS));
    else if (!this.isWithinMinute()) return;
    else if (name.length > limits.USER_BYTES_MAX) v1.encodeStatusV1(this.session.writer(), name, UNSEEN);
    else this.questions().ask(name);
  }

  private questions(): StatusQuestions {
    this.asked ??= new StatusQuestions(this.parts, this.session.user as Buffer, (user: Buffer, status: UserStatus) => {
      if (this.session.isOpen) v1.encodeStatusV1(this.session.writer(), user, status);
    });
    return this.asked;
  }

  private typing(recipient: Buffer, isTyping: boolean): void {
    if (this.isWithinBudget()) handTyping(this.parts, { sender: this.session.user as Buffer, recipient, isTyping });
  }

  /** A v2 sender that asked hears of a status; another hears the receipt as the reader wrote it, its ids being the reader’s. */
  private receipt(buffer: Buffer, at: number): void {
    if (!this.isWithinBudget()) return;
    const bytes = nameAt(buffer, at + 1);
    const id = bytes.length === MESSAGE_ID_BYTES ? readMessageId(bytes, 0) : undefined;
    const read = id === undefined ? undefined : this.wishes?.of(id);
    const sender = nameAt(buffer, afterName(buffer, at + 1));
    if (read !== undefined) this.session.subscription?.markRead(read);
    else handReceipt(this.parts, { reader: this.session.user as Buffer, sender, id: bytes });
  }

  private isWithinBudget(): boolean {
    const isWithin = this.budget.take();
    if (!isWithin) v1.encodeRateLimited(this.session.writer(), limits.SHED_RETRY_MS);
    return isWithin && this.isWithinMinute();
  }

  private isWithinMinute(): boolean {
    const waitMs = this.parts.rates.take('requests', this.session.user as Buffer);
    if (waitMs > 0) v1.encodeRateLimited(this.session.writer(), waitMs);
    return waitMs === 0;
  }
}
