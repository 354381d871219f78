import { IrisError } from '../runtime/contract/errors.ts';
import type { Deliveries } from './report.ts';

/** Counts of one sender’s messages as one reader got them. */
interface Stream {
  next: number;
  /** Numbers passed over so far: lost unless they still come. */
  readonly missing: Set<number>;
}

/** Passed-over numbers that are remembered in sum; a run that skips more has failed anyway. */
const MISSING_MAX = 1_000_000;

/** What readers received, per sender: each number from 1 on once and in order, anything else is counted as what it is. */
export class DeliveryLedger {
  received = 0;
  refused = 0;
  private doubled = 0;
  private outOfOrder = 0;
  private missingCount = 0;
  private readonly streams = new Map<number, Stream>();

  take(sender: number, number: number): void {
    let stream = this.streams.get(sender);
    if (stream === undefined) {
      stream = { next: 1, missing: new Set() };
      this.streams.set(sender, stream);
    }
    if (number === stream.next) {
      stream.next++;
      this.received++;
    } else this.takeOutOfTurn(stream, number);
  }

  /** The verdict once `sent` messages were sent in all. */
  verdict(sent: number): Deliveries {
    const { received, doubled, outOfOrder, refused } = this;
    return { received, lost: sent - received, doubled, outOfOrder, refused };
  }

  private takeOutOfTurn(stream: Stream, number: number): void {
    if (number > stream.next) {
      this.missingCount += number - stream.next;
      if (this.missingCount > MISSING_MAX) throw new IrisError('NODE_FAILED', `more than ${MISSING_MAX} messages were passed over`);
      for (let passed = stream.next; passed < number; passed++) stream.missing.add(passed);
      stream.next = number + 1;
      this.received++;
    } else if (stream.missing.delete(number)) {
      this.outOfOrder++;
      this.received++;
    } else this.doubled++;
  }
}
