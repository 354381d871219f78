import { TURN_BYTES, TURN_GROWTH, TURN_ITEM_BYTES } from '../contract/limits.ts';
import type { Clock } from '../ports/clock.ts';

export interface TurnsOptions {
  readonly turnBytes?: number | undefined;
  readonly queueShare?: () => number;
}

/**
 * Cuts long work into turns of the event loop, so that others are heard in between: `if (turns.spend(bytes)) await turns.rest()` after each
 * item. By what was done and not by the clock, so that a seed gives one history. The fuller the queue behind the work, the longer a turn:
 * what comes in must not outrun what is finished.
 */
export class Turns {
  private readonly soon: Clock['soon'];
  private readonly turnBytes: number;
  private readonly queueShare: () => number;
  private left: number;

  /** `turnBytes` of work make a turn, TURN_BYTES unless it says otherwise; `queueShare` is how full the queue is, 0 to 1. */
  constructor(soon: Clock['soon'], { turnBytes = TURN_BYTES, queueShare = () => 0 }: TurnsOptions = {}) {
    this.soon = soon;
    this.turnBytes = turnBytes;
    this.queueShare = queueShare;
    this.left = turnBytes;
  }

  /** Counts one item of so many bytes. True once the turn is used up. */
  spend(bytes: number): boolean {
    this.left -= bytes + TURN_ITEM_BYTES;
    return this.left <= 0;
  }

  /** Resolves when others have had their turn. */
  rest(): Promise<void> {
    this.left = this.turnBytes * (1 + TURN_GROWTH * this.queueShare());
    return new Promise((resolve) => this.soon(resolve));
  }
}
