import { errorCodeOfWire } from '../contract/errors.ts';
import { EPHEMERAL_TIMEOUT_MS, EPHEMERALS_IN_FLIGHT_MAX } from '../contract/limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { EphemeralKind, HandedOver } from '../ports/inbox-feed.ts';
import type { ByteReader } from '../wire/byte-reader.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import { decodeEphemeralAnswer, encodeEphemeral } from '../wire/link/ephemeral.ts';

interface Waiting {
  readonly answer: HandedOver;
  readonly startedMs: number;
}

/** What goes past the log over one link, and who waits to hear of it. Nothing is ever repeated: what the link loses is refused. */
export class EphemeralSends {
  private readonly clock: Clock;
  private readonly waiting = new Map<number, Waiting>();
  private last = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** `out` is undefined while the link takes none. */
  hand(out: ByteWriter | undefined, ephemeral: { kind: EphemeralKind; envelope: Buffer; answer: HandedOver | undefined }): void {
    const { kind, envelope, answer } = ephemeral;
    if (out === undefined || this.waiting.size >= EPHEMERALS_IN_FLIGHT_MAX) {
      refuse(answer, 'the recipient’s owner cannot be reached, or has too much under way');
      return;
    }
    encodeEphemeral(out, answer === undefined ? 0 : this.open(answer), kind, envelope);
  }

  answered(reader: ByteReader): void {
    const { query, wire, message } = decodeEphemeralAnswer(reader);
    const waiting = this.waiting.get(query);
    this.waiting.delete(query);
    const code = errorCodeOfWire(wire) ?? 'NOT_DELIVERED';
    waiting?.answer(wire === 0 ? undefined : { code, message, retryAfterMs: 0 });
  }

  /** Gives up what waits too long; the oldest stand first. */
  expire(): void {
    const nowMs = this.clock.monotonicMs();
    for (const [query, { answer, startedMs }] of this.waiting) {
      if (nowMs - startedMs < EPHEMERAL_TIMEOUT_MS) return;
      this.waiting.delete(query);
      refuse(answer, `the recipient’s owner did not answer within ${EPHEMERAL_TIMEOUT_MS} ms; it may have arrived`);
    }
  }

  /** The link is gone and with it the answers. */
  refuseAll(): void {
    const waiting = [...this.waiting.values()];
    this.waiting.clear();
    for (const one of waiting) refuse(one.answer, 'the link to the recipient’s owner broke; it may have arrived');
  }

  private open(answer: HandedOver): number {
    this.last = (this.last % 0xffff_ffff) + 1;
    this.waiting.set(this.last, { answer, startedMs: this.clock.monotonicMs() });
    return this.last;
  }
}

function refuse(answer: HandedOver | undefined, message: string): void {
  answer?.({ code: 'NOT_DELIVERED', message, retryAfterMs: 0 });
}
