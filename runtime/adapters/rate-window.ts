import { RATE_SLOT_MS, RATE_SLOTS } from '../contract/limits.ts';

/** Of who was never exchanged with others: one row for all. Rows of 13 lie in the heap, which costs a third of what longer ones do. */
const NOTHING = new Uint32Array(RATE_SLOTS);

/** What one user or address did in the last minute, in slots of RATE_SLOT_MS: of this edge, and of others as far as they were heard of. */
export class RateWindow {
  private readonly own = new Uint32Array(RATE_SLOTS);
  private others = NOTHING;
  private sent = NOTHING;
  /** Number of the newest slot, since the clock’s start. */
  private slot = 0;
  private sum = 0;

  /** Whole milliseconds until less than `max` count; 0 when that is so. */
  waitMs(nowMs: number, max: number): number {
    this.roll(nowMs);
    let left = this.sum;
    for (let age = RATE_SLOTS - 1; age >= 0; age--) {
      if (left < max) break;
      left -= this.at(this.own, age) + this.at(this.others, age);
      // The slot goes when it is RATE_SLOTS old, counted from its beginning.
      if (left < max) return Math.ceil((this.slot - age + RATE_SLOTS) * RATE_SLOT_MS - nowMs);
    }
    return 0;
  }

  add(nowMs: number, count: number): void {
    this.roll(nowMs);
    this.put(this.own, 0, this.at(this.own, 0) + count);
    this.sum += count;
  }

  /** Counted in the last minute, by everyone. */
  total(nowMs: number): number {
    this.roll(nowMs);
    return this.sum;
  }

  /** What others have not been told: age in slots and count, in turn. It counts as told from here on. */
  takeUnsent(nowMs: number): number[] {
    this.roll(nowMs);
    if (this.sent === NOTHING) this.sent = new Uint32Array(RATE_SLOTS);
    const unsent: number[] = [];
    for (let age = 0; age < RATE_SLOTS; age++) {
      const count = this.at(this.own, age) - this.at(this.sent, age);
      if (count > 0) unsent.push(age, count);
      this.put(this.sent, age, this.at(this.own, age));
    }
    return unsent;
  }

  /** What was told did not arrive, or nobody knows: it is told again, and may then count twice. */
  forgetSent(): void {
    this.sent = NOTHING;
  }

  /** What all edges counted, ours included as far as it was told: age in slots and count, in turn. */
  heard(nowMs: number, all: readonly number[]): void {
    this.roll(nowMs);
    if (this.others === NOTHING) this.others = new Uint32Array(RATE_SLOTS);
    this.others.fill(0);
    for (let i = 0; i < all.length; i += 2) {
      const age = all[i] as number;
      if (age >= 0 && age < RATE_SLOTS) this.put(this.others, age, Math.max(0, (all[i + 1] as number) - this.at(this.sent, age)));
    }
    this.sum = 0;
    for (let age = 0; age < RATE_SLOTS; age++) this.sum += this.at(this.own, age) + this.at(this.others, age);
  }

  private roll(nowMs: number): void {
    const slot = Math.floor(nowMs / RATE_SLOT_MS);
    const passed = Math.min(RATE_SLOTS, slot - this.slot);
    this.slot = Math.max(this.slot, slot);
    for (let age = 0; age < passed; age++) {
      this.sum -= this.at(this.own, age) + this.at(this.others, age);
      for (const row of [this.own, this.others, this.sent]) if (row !== NOTHING) this.put(row, age, 0);
    }
  }

  private at(row: Uint32Array, age: number): number {
    return row[(this.slot - age + RATE_SLOTS) % RATE_SLOTS] as number;
  }

  private put(row: Uint32Array, age: number, count: number): void {
    row[(this.slot - age + RATE_SLOTS) % RATE_SLOTS] = count;
  }
}
