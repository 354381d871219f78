import { ERROR_CODES, errorCodeOfWire, IrisError } from '../contract/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import { type DurabilityName, durabilityName } from '../wire/durability.ts';
import type { FaultFrame } from '../wire/v2/fault.ts';
import { checkSend, encodeSend, SEND_FLAGS_VERSION_2, SEND_FRESH, SEND_RETRY, SEND_STATUS_WANTED } from '../wire/v2/send.ts';
import type { SentFrame } from '../wire/v2/sent.ts';
import { Predecessors } from './predecessors.ts';

/** What the sender holds once a message is stored. */
export interface SendReceipt {
  readonly to: string;
  /** What the message survives (L1): D0 memory, D1 kill -9, D2 power loss, D2q the same on a quorum. */
  readonly durability: DurabilityName;
  /** The first message’s sequence within this client. */
  readonly sequence: number;
  /** Messages acknowledged. */
  readonly count: number;
  /** Milliseconds since 1970, by this machine’s clock. */
  readonly acknowledgedAtMs: number;
}

interface Pending {
  readonly sequence: number;
  /** The last message’s sequence. */
  readonly last: number;
  /** Of the message before it to this recipient. */
  previous: number;
  readonly recipient: string;
  readonly messages: readonly Uint8Array[];
  /** Those that every copy of it carries. */
  readonly flags: number;
  readonly deadlineMs: number;
  /** `waiting`: to be written when the recipient is open again. */
  state: 'sent' | 'waiting';
  resolve(receipt: SendReceipt): void;
  reject(error: IrisError): void;
}

export interface OutgoingOptions {
  readonly timeoutMs: number;
  readonly isStatusWanted: boolean;
  /** Hears the first message’s sequence before anything is written. */
  started(sequence: number): void;
}

/** Sends that may wait for their acknowledgement; a further one is refused. */
const PENDING_MAX = 100_000;
const RETRY_MIN_MS = 50;

export interface OutgoingParts {
  readonly clock: Clock;
  /** The writer while connected. */
  writer(): ByteWriter | undefined;
  /** Of the protocol, on the present connection. */
  version(): number;
}

/**
 * What was sent and not yet acknowledged, in order. After a lost connection everything is written again as a retry; after a refusal
 * that may pass, what follows to the same recipient waits for it (L3).
 */
export class Outgoing {
  private readonly parts: OutgoingParts;
  private readonly pending = new Map<number, Pending>();
  /** Recipients with a refused message. */
  private readonly blocked = new Set<string>();
  private readonly predecessors: Predecessors;
  private nextSequence = 1;

  constructor(parts: OutgoingParts) {
    this.parts = parts;
    this.predecessors = new Predecessors(parts.clock);
  }

  get size(): number {
    return this.pending.size;
  }

  /** @throws IrisError through the promise: what the server refused for good, TIMED_OUT, OVERLOADED, FRAME_TOO_LARGE. */
  send(recipient: string, messages: readonly Uint8Array[], options: OutgoingOptions): Promise<SendReceipt> {
    if (this.pending.size >= PENDING_MAX) {
      return Promise.reject(
        new IrisError('OVERLOADED', `${this.pending.size} sends wait for their acknowledgement, limit is ${PENDING_MAX}`),
      );
    }
    const sequence = this.nextSequence;
    const last = sequence + messages.length - 1;
    return new Promise((resolve, reject) => {
      checkSend(Buffer.from(recipient, 'utf8'), messages);
      const entry: Pending = {
        sequence,
        last,
        previous: this.predecessors.replace(recipient, last),
        recipient,
        messages,
        flags: options.isStatusWanted ? SEND_STATUS_WANTED : 0,
        deadlineMs: this.parts.clock.monotonicMs() + options.timeoutMs,
        state: this.blocked.has(recipient) ? 'waiting' : 'sent',
        resolve,
        reject,
      };
      this.nextSequence = last + 1;
      this.pending.set(sequence, entry);
      options.started(sequence);
      const out = this.parts.writer();
      if (out !== undefined && entry.state === 'sent') this.write(out, entry, 0);
    });
  }

  /** The first of `count` sequences for messages that are not kept here. */
  takeSequences(count: number): number {
    const first = this.nextSequence;
    this.nextSequence += count;
    return first;
  }

  /** One SENT may answer several sends in a row. */
  acknowledged(frame: SentFrame): void {
    const acknowledgedAtMs = this.parts.clock.nowMs();
    const durability = durabilityName(frame.durability);
    for (const entry of this.answered(frame)) {
      const { sequence, recipient, messages } = entry;
      this.pending.delete(sequence);
      entry.resolve({ to: recipient, durability, sequence, count: messages.length, acknowledgedAtMs });
      this.reopenSoon(recipient, 0);
    }
  }

  /** So may one FAULT. */
  refused(frame: FaultFrame): void {
    for (const entry of this.answered(frame)) this.refusedOne(entry, frame);
  }

  private answered({ sequence, count }: { sequence: number; count: number }): Pending[] {
    const entries: Pending[] = [];
    for (let at = sequence; at < sequence + count; at++) {
      const entry = this.pending.get(at);
      if (entry !== undefined) entries.push(entry);
    }
    return entries;
  }

  private refusedOne(entry: Pending, frame: FaultFrame): void {
    const code = errorCodeOfWire(frame.wire) ?? 'FRAME_MALFORMED';
    if (!ERROR_CODES[code].retry) {
      this.giveUp(entry, new IrisError(code, frame.message));
      return;
    }
    entry.state = 'waiting';
    this.blocked.add(entry.recipient);
    this.reopenSoon(entry.recipient, frame.retryAfterMs);
  }

  /** A new connection: everything goes out again, in order. */
  repeat(out: ByteWriter): void {
    this.blocked.clear();
    for (const entry of this.pending.values()) {
      entry.state = 'sent';
      this.write(out, entry, SEND_RETRY);
    }
  }

  /** Rejects what has waited past its deadline. */
  expire(): void {
    const now = this.parts.clock.monotonicMs();
    for (const entry of this.pending.values()) {
      if (now < entry.deadlineMs) continue;
      this.giveUp(
        entry,
        new IrisError('TIMED_OUT', `no acknowledgement of the message to ${entry.recipient} in time; it may still arrive`),
      );
    }
  }

  failAll(error: IrisError): void {
    for (const entry of this.pending.values()) entry.reject(error);
    this.pending.clear();
  }

  /** The message leaves the chain: what follows it to the same recipient follows its predecessor instead. */
  private giveUp(entry: Pending, error: IrisError): void {
    this.pending.delete(entry.sequence);
    for (const later of this.pending.values()) {
      if (later.recipient === entry.recipient && later.previous === entry.last) later.previous = entry.previous;
    }
    this.predecessors.restore(entry.recipient, entry.last, entry.previous);
    entry.reject(error);
    this.reopenSoon(entry.recipient, 0);
  }

  /** Once every message under way to a blocked recipient is answered, the waiting ones go out again, the first one marked. */
  private reopenSoon(recipient: string, retryAfterMs: number): void {
    if (!this.blocked.has(recipient) || this.hasUnderWay(recipient)) return;
    const delayMs = Math.max(RETRY_MIN_MS, retryAfterMs);
    this.parts.clock.after(delayMs, () => this.reopen(recipient));
  }

  private hasUnderWay(recipient: string): boolean {
    for (const entry of this.pending.values()) {
      if (entry.recipient === recipient && entry.state === 'sent') return true;
    }
    return false;
  }

  private reopen(recipient: string): void {
    if (!this.blocked.delete(recipient)) return;
    const out = this.parts.writer();
    let flags = SEND_FRESH | SEND_RETRY;
    for (const entry of this.pending.values()) {
      if (entry.recipient !== recipient) continue;
      entry.state = 'sent';
      if (out !== undefined) this.write(out, entry, flags);
      flags = SEND_RETRY;
    }
  }

  private write(out: ByteWriter, entry: Pending, flags: number): void {
    const known = this.parts.version() >= 3 ? entry.flags : entry.flags & SEND_FLAGS_VERSION_2;
    encodeSend(out, {
      flags: flags | known,
      sequence: entry.sequence,
      previous: entry.previous,
      recipient: Buffer.from(entry.recipient, 'utf8'),
      messages: entry.messages,
    });
  }
}
