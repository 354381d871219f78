import { errorCodeOfWire, IrisError } from '../contract/errors.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { ByteReader } from '../wire/byte-reader.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import { durabilityName } from '../wire/durability.ts';
import { stampMs } from '../wire/envelope.ts';
import { userNameBytes } from '../wire/user-name.ts';
import { decodeEphemeral } from '../wire/v2/ephemeral.ts';
import type { FaultFrame } from '../wire/v2/fault.ts';
import { Opcode } from '../wire/v2/opcodes.ts';
import { decodePresence, encodePresenceQuery } from '../wire/v2/presence.ts';
import { checkSend, encodeSend, SEND_BEST_EFFORT } from '../wire/v2/send.ts';
import type { SentFrame } from '../wire/v2/sent.ts';
import { decodeTyping, encodeTyping } from '../wire/v2/typing.ts';
import type { SendReceipt } from './send-receipt.ts';

/** A best-effort message: it has no place in the inbox and is not acknowledged. */
export interface BestEffortMessage {
  readonly sender: string;
  readonly body: Buffer;
  /** Milliseconds since 1970 at which the sender’s edge took it in. */
  readonly sentAtMs: number;
}

export interface TypingSignal {
  readonly sender: string;
  readonly isTyping: boolean;
}

export interface Presence {
  readonly isOnline: boolean;
  /** Milliseconds since 1970; 0 when online or never seen. */
  readonly lastSeenMs: number;
}

export interface EphemeralsParts {
  readonly clock: Clock;
  /** The writer while connected to a server of version 3. */
  writer(): ByteWriter | undefined;
  /** The first of `count` sequences that no other message gets. */
  takeSequences(count: number): number;
}

interface PendingSend {
  readonly to: string;
  readonly count: number;
  resolve(receipt: SendReceipt): void;
  reject(error: IrisError): void;
}

interface Question {
  readonly timer: Timer;
  readonly answers: ((presence: Presence) => void)[];
  readonly failures: ((error: IrisError) => void)[];
}

/** Best-effort sends and presence questions that may wait for their answer; a further one is refused. */
const PENDING_MAX = 10_000;
const QUESTIONS_MAX = 100;
const PRESENCE_TIMEOUT_MS = 3_000;

/** What a client says and hears past the log: best-effort messages, typing, presence. Nothing of it is repeated or kept. */
export class Ephemerals {
  private readonly parts: EphemeralsParts;
  private readonly pending = new Map<number, PendingSend>();
  private readonly questions = new Map<string, Question>();
  private readonly messageListeners = new Set<(message: BestEffortMessage) => void>();
  private readonly typingListeners = new Set<(signal: TypingSignal) => void>();

  constructor(parts: EphemeralsParts) {
    this.parts = parts;
  }

  onMessage(listener: (message: BestEffortMessage) => void): () => void {
    this.messageListeners.add(listener);
    return () => void this.messageListeners.delete(listener);
  }

  onTyping(listener: (signal: TypingSignal) => void): () => void {
    this.typingListeners.add(listener);
    return () => void this.typingListeners.delete(listener);
  }

  /** @throws IrisError through the promise: NOT_DELIVERED, OVERLOADED, FRAME_TOO_LARGE. */
  send(to: string, messages: readonly Uint8Array[]): Promise<SendReceipt> {
    return new Promise((resolve, reject) => {
      const recipient = userNameBytes(to);
      checkSend(recipient, messages);
      const out = this.parts.writer();
      if (out === undefined) throw new IrisError('NOT_DELIVERED', `no connection to a server that hands a best-effort message to ${to}`);
      if (this.pending.size >= PENDING_MAX)
        throw new IrisError('OVERLOADED', `${this.pending.size} best-effort messages wait for their answer, limit is ${PENDING_MAX}`);
      const sequence = this.parts.takeSequences(messages.length);
      this.pending.set(sequence, { to, count: messages.length, resolve, reject });
      encodeSend(out, { flags: SEND_BEST_EFFORT, sequence, previous: 0, recipient, messages });
    });
  }

  /** False when nobody could be told. @throws IrisError NAME_INVALID, FRAME_TOO_LARGE */
  typing(to: string, isTyping: boolean): boolean {
    const user = userNameBytes(to);
    const out = this.parts.writer();
    if (out === undefined) return false;
    encodeTyping(out, Opcode.Typing, { isTyping, user });
    return true;
  }

  /** @throws IrisError through the promise: TIMED_OUT, OVERLOADED, CONNECTION_FAILED, NAME_INVALID, FRAME_TOO_LARGE. */
  presenceOf(user: string): Promise<Presence> {
    return new Promise((resolve, reject) => {
      userNameBytes(user);
      const out = this.parts.writer();
      if (out === undefined) throw new IrisError('CONNECTION_FAILED', 'no connection to a server that knows who is online');
      const known = this.questions.get(user);
      if (known === undefined && this.questions.size >= QUESTIONS_MAX)
        throw new IrisError('OVERLOADED', `${this.questions.size} presence questions wait, limit is ${QUESTIONS_MAX}`);
      const question = known ?? this.ask(user, out);
      question.answers.push(resolve);
      question.failures.push(reject);
    });
  }

  /** False for a sequence that is not of a best-effort message. */
  acknowledged({ sequence, durability }: SentFrame): boolean {
    const pending = this.pending.get(sequence);
    if (pending === undefined) return false;
    this.pending.delete(sequence);
    const { to, count } = pending;
    pending.resolve({ to, durability: durabilityName(durability), sequence, count, acknowledgedAtMs: this.parts.clock.nowMs() });
    return true;
  }

  /** False for a sequence that is not of a best-effort message. */
  refused({ sequence, wire, message }: FaultFrame): boolean {
    const pending = this.pending.get(sequence);
    this.pending.delete(sequence);
    pending?.reject(new IrisError(errorCodeOfWire(wire) ?? 'NOT_DELIVERED', message));
    return pending !== undefined;
  }

  /** Handles a frame of the server’s; false for an opcode that is none of these. */
  frame(opcode: number, reader: ByteReader): boolean {
    switch (opcode) {
      case Opcode.Ephemeral:
        this.received(reader);
        return true;
      case Opcode.TypingPush:
        this.typed(reader);
        return true;
      case Opcode.Presence:
        this.answered(reader);
        return true;
      default:
        return false;
    }
  }

  /** The connection is gone, and with it whatever was under way. */
  lost(): void {
    const pending = [...this.pending.values()];
    this.pending.clear();
    for (const one of pending) {
      const message = `the connection broke while a best-effort message to ${one.to} was under way; it may have arrived`;
      one.reject(new IrisError('NOT_DELIVERED', message));
    }
    for (const [user, question] of this.questions)
      this.fail(user, question, new IrisError('CONNECTION_FAILED', 'the connection broke before the answer'));
  }

  private received(reader: ByteReader): void {
    const { sender, stamp, messages } = decodeEphemeral(reader);
    const sentAtMs = stampMs(stamp);
    for (const view of messages) {
      const message = { sender, sentAtMs, body: Buffer.from(view) };
      for (const listener of this.messageListeners) this.parts.clock.soon(() => listener(message));
    }
  }

  private typed(reader: ByteReader): void {
    const { isTyping, user } = decodeTyping(reader);
    const signal = { sender: user.toString('utf8'), isTyping };
    for (const listener of this.typingListeners) this.parts.clock.soon(() => listener(signal));
  }

  private ask(user: string, out: ByteWriter): Question {
    const timer = this.parts.clock.after(PRESENCE_TIMEOUT_MS, () => {
      this.fail(user, question, new IrisError('TIMED_OUT', `no answer about ${user} within ${PRESENCE_TIMEOUT_MS} ms`));
    });
    const question: Question = { timer, answers: [], failures: [] };
    this.questions.set(user, question);
    encodePresenceQuery(out, Buffer.from(user, 'utf8'));
    return question;
  }

  private answered(reader: ByteReader): void {
    const { user, isOnline, lastSeenSeconds } = decodePresence(reader);
    const name = user.toString('utf8');
    const question = this.questions.get(name);
    if (question === undefined) return;
    this.questions.delete(name);
    question.timer.stop();
    for (const answer of question.answers) answer({ isOnline, lastSeenMs: lastSeenSeconds * 1_000 });
  }

  private fail(user: string, { timer, failures }: Question, error: IrisError): void {
    timer.stop();
    this.questions.delete(user);
    for (const failure of failures) failure(error);
  }
}
