import { UNACKNOWLEDGED_MAX } from '../contract/limits.ts';

/**
 * Which envelopes were pushed and not yet acknowledged, so that an acknowledgement names the rows to delete without searching the
 * store. Remembers UNACKNOWLEDGED_MAX places; after an overflow it knows nothing until everything remembered is gone.
 */
export class PushedPlaces {
  private positions: number[] = [];
  private counts: number[] = [];
  private head = 0;
  private hasOverflowed = false;

  add(position: number, count: number): void {
    if (this.positions.length - this.head >= UNACKNOWLEDGED_MAX) this.hasOverflowed = true;
    if (this.hasOverflowed) return;
    this.positions.push(position);
    this.counts.push(count);
  }

  /**
   * Takes out what a cursor covers. Returns the positions acknowledged whole, or undefined when the cursor stands inside an envelope,
   * or where nothing is known of the places before it: then the store must look.
   */
  takeThrough(position: number, index: number): number[] | undefined {
    const from = this.head;
    while (this.head < this.positions.length && this.isCovered(position, index)) this.head++;
    const isKnown = !this.hasOverflowed && this.head > from && this.positions[this.head - 1] === position;
    const taken = isKnown ? this.positions.slice(from, this.head) : undefined;
    this.compact();
    return taken;
  }

  private isCovered(position: number, index: number): boolean {
    const place = this.positions[this.head] as number;
    return place < position || (place === position && index >= (this.counts[this.head] as number) - 1);
  }

  private compact(): void {
    if (this.head < this.positions.length && this.head < 1_024) return;
    this.positions = this.positions.slice(this.head);
    this.counts = this.counts.slice(this.head);
    this.head = 0;
    if (this.positions.length === 0) this.hasOverflowed = false;
  }
}
