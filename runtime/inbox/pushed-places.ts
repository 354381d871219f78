import { UNACKNOWLEDGED_MAX } from '../contract/limits.ts';

/**
 * Which envelopes were pushed and not yet acknowledged, so that an acknowledgement names the rows to delete without searching the
 * store. Remembers UNACKNOWLEDGED_MAX places; after an overflow it knows nothing until everything remembered is gone.
 */
export class PushedPlaces {
  /** Undefined while there are none: there are as many of these as users online. */
  private places: Places | undefined;
  private head = 0;
  private hasOverflowed = false;

  add(position: number, count: number): void {
    if (this.places !== undefined && this.places.positions.length - this.head >= UNACKNOWLEDGED_MAX) this.hasOverflowed = true;
    if (this.hasOverflowed) return;
    this.places ??= { positions: [], counts: [] };
    this.places.positions.push(position);
    this.places.counts.push(count);
  }

  /**
   * Takes out what a cursor covers. Returns the positions acknowledged whole, or undefined when the cursor stands inside an envelope,
   * or where nothing is known of the places before it: then the store must look.
   */
  takeThrough(position: number, index: number): number[] | undefined {
    const { places } = this;
    if (places === undefined) return undefined;
    const { positions } = places;
    const from = this.head;
    while (this.head < positions.length && this.isCovered(places, position, index)) this.head++;
    const isKnown = !this.hasOverflowed && this.head > from && positions[this.head - 1] === position;
    const taken = isKnown ? positions.slice(from, this.head) : undefined;
    this.compact(places);
    return taken;
  }

  private isCovered({ positions, counts }: Places, position: number, index: number): boolean {
    const place = positions[this.head] as number;
    return place < position || (place === position && index >= (counts[this.head] as number) - 1);
  }

  private compact({ positions, counts }: Places): void {
    if (this.head < positions.length && this.head < 1_024) return;
    const isEmpty = this.head === positions.length;
    this.places = isEmpty ? undefined : { positions: positions.slice(this.head), counts: counts.slice(this.head) };
    this.head = 0;
    if (isEmpty) this.hasOverflowed = false;
  }
}

interface Places {
  readonly positions: number[];
  readonly counts: number[];
}
