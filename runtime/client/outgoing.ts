import { ERROR_CODES, errorCodeOfWire, IrisError } from '../contract/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import { durabilityName } from '../wire/durability.ts';
import { userNameBytes } from '../wire/user-name.ts';
import type { FaultFrame } from '../wire/v2/fault.ts';
import { checkSend, encodeSend, SEND_FLAGS_VERSION_2, SEND_FRESH, SEND_RETRY, SEND_STATUS_WANTED } from '../wire/v2/send.ts';
import type { SentFrame } from '../wire/v2/sent.ts';
import { Lane, type PendingSend } from './lane.ts';
import { Predecessors } from './predecessors.ts';
import type { SendReceipt } from './send-receipt.ts';

export interface OutgoingOptions {
  readonly timeoutMs: number;
  readonly isStatusWanted: boolean;
  /** Hears the first message’s sequence before anything is written. */
  started(sequence: number): void;
}

/** Sends that may wait for their acknowledgement, and bytes of their messages: what an application cannot send in time is its memory. A further one is refused. */
const PENDING_MAX = 100_000;
const PENDING_BYTES_MAX = 268_435_456;
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
  private readonly pending = new Map<number, PendingSend>();
  private readonly lanes = new Map<string, Lane>();
  private readonly predecessors: Predecessors;
  private bytes = 0;
  private nextSequence = 1;

  constructor(parts: OutgoingParts) {
    this.parts = parts;
    this.predecessors = new Predecessors(parts.clock);
  }

  get size(): number {
    return this.pending.size;
  }

  /** @throws IrisError through the promise: what the server refused for good, TIMED_OUT, OVERLOADED, FRAME_TOO_LARGE, NAME_INVALID. */
  send(recipient: string, messages: readonly Uint8Array[], options: OutgoingOptions): Promise<SendReceipt> {
    return new Promise((resolve, reject) => {
      checkSend(userNameBytes(recipient), messages);
      const bytes = messages.reduce((sum, { length }) => sum + length, 0);
      this.checkRoom(bytes);
      const sequence = this.nextSequence;
      const last = sequence + messages.length - 1;
      const lane = this.lanes.get(recipient) ?? new Lane(recipient);
      const entry: PendingSend = {
        sequence,
        last,
        previous: this.predecessors.replace(recipient, last),
        messages,
        bytes,
        flags: options.isStatusWanted ? SEND_STATUS_WANTED : 0,
        deadlineMs: this.parts.clock.monotonicMs() + options.timeoutMs,
        lane,
        state: lane.isBlocked ? 'waiting' : 'sent',
        before: undefined,
        after: undefined,
        resolve,
        reject,
      };
      this.nextSequence = last + 1;
      this.bytes += bytes;
      this.pending.set(sequence, entry);
      this.lanes.set(recipient, lane);
      lane.add(entry);
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
      const { sequence, lane, messages } = entry;
      this.drop(entry);
      entry.resolve({ to: lane.recipient, durability, sequence, count: messages.length, acknowledgedAtMs });
      this.reopenSoon(lane);
    }
  }

  /** So may one FAULT. */
  refused(frame: FaultFrame): void {
    for (const entry of this.answered(frame)) this.refusedOne(entry, frame);
  }

  private checkRoom(bytes: number): void {
    if (this.pending.size >= PENDING_MAX)
      throw new IrisError('OVERLOADED', `${this.pending.size} sends wait for their acknowledgement, limit is ${PENDING_MAX}`);
    if (this.bytes + bytes > PENDING_BYTES_MAX)
      throw new IrisError('OVERLOADED', `${this.bytes} bytes wait for their acknowledgement, limit is ${PENDING_BYTES_MAX}`);
  }

  private answered({ sequence, count }: { sequence: number; count: number }): PendingSend[] {
    const entries: PendingSend[] = [];
    for (let at = sequence; at < sequence + count; at++) {
      const entry = this.pending.get(at);
      if (entry !== undefined) entries.push(entry);
    }
    return entries;
  }

  private refusedOne(entry: PendingSend, frame: FaultFrame): void {
    const code = errorCodeOfWire(frame.wire) ?? 'FRAME_MALFORMED';
    if (!ERROR_CODES[code].retry) {
      this.giveUp(entry, new IrisError(code, frame.message));
      return;
    }
    const { lane } = entry;
    lane.become(entry, 'waiting');
    lane.isBlocked = true;
    lane.retryAtMs = Math.max(lane.retryAtMs, this.parts.clock.monotonicMs() + frame.retryAfterMs);
    this.reopenSoon(lane);
  }

  /** A new connection: everything goes out again, in order. */
  repeat(out: ByteWriter): void {
    for (const lane of this.lanes.values()) lane.open();
    for (const entry of this.pending.values()) {
      entry.lane.become(entry, 'sent');
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
        new IrisError('TIMED_OUT', `no acknowledgement of the message to ${entry.lane.recipient} in time; it may still arrive`),
      );
    }
  }

  failAll(error: IrisError): void {
    for (const lane of this.lanes.values()) lane.open();
    for (const entry of this.pending.values()) entry.reject(error);
    this.pending.clear();
    this.lanes.clear();
    this.bytes = 0;
  }

  private drop(entry: PendingSend): void {
    const { lane } = entry;
    this.pending.delete(entry.sequence);
    this.bytes -= entry.bytes;
    lane.remove(entry);
    if (lane.first !== undefined) return;
    lane.open();
    this.lanes.delete(lane.recipient);
  }

  /** The message leaves the chain: what follows it to the same recipient follows its predecessor instead. */
  private giveUp(entry: PendingSend, error: IrisError): void {
    const { lane, after } = entry;
    if (after?.previous === entry.last) after.previous = entry.previous;
    this.drop(entry);
    this.predecessors.restore(lane.recipient, entry.last, entry.previous);
    entry.reject(error);
    this.reopenSoon(lane);
  }

  /** Once every message under way to a blocked recipient is answered, the waiting ones go out again, the first one marked. */
  private reopenSoon(lane: Lane): void {
    if (!lane.isBlocked || lane.underWay > 0) return;
    const delayMs = Math.max(RETRY_MIN_MS, lane.retryAtMs - this.parts.clock.monotonicMs());
    lane.reopening?.stop();
    lane.reopening = this.parts.clock.after(delayMs, () => this.reopen(lane));
  }

  private reopen(lane: Lane): void {
    lane.open();
    const out = this.parts.writer();
    let flags = SEND_FRESH | SEND_RETRY;
    for (let entry = lane.first; entry !== undefined; entry = entry.after) {
      lane.become(entry, 'sent');
      if (out !== undefined) this.write(out, entry, flags);
      flags = SEND_RETRY;
    }
  }

  private write(out: ByteWriter, entry: PendingSend, flags: number): void {
    const known = this.parts.version() >= 3 ? entry.flags : entry.flags & SEND_FLAGS_VERSION_2;
    encodeSend(out, {
      flags: flags | known,
      sequence: entry.sequence,
      previous: entry.previous,
      recipient: Buffer.from(entry.lane.recipient, 'utf8'),
      messages: entry.messages,
    });
  }
}
