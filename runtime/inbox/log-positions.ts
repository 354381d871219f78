import { POSITIONS_RESERVED } from '../contract/limits.ts';
import type { InboxStore } from '../ports/inbox-store.ts';

/** Gives out the positions of one log: ascending, none twice, over restarts and moves. */
export class LogPositions {
  private readonly store: InboxStore;
  private reserved: number;
  /** Above every position given out so far. */
  next: number;

  constructor(store: InboxStore) {
    this.store = store;
    this.next = store.firstPosition;
    this.reserved = this.next;
  }

  take(): number {
    const position = this.next++;
    if (position >= this.reserved) this.reserve(position);
    return position;
  }

  /** They go on from here, if they are not further already; durable with the next synced commit. */
  raise(position: number): void {
    if (position <= this.next) return;
    this.next = position;
    this.reserve(position);
  }

  private reserve(from: number): void {
    this.reserved = from + POSITIONS_RESERVED;
    this.store.reservePositions(this.reserved);
  }
}
