import type { Publisher } from '../ports/bus.ts';

/**
 * Appends that wait for their answer, by correlation, without an object per entry. Correlations grow by one; the wire carries them
 * modulo 2^32.
 */
export class InFlight {
  private publishers: (Publisher | undefined)[] = [];
  private tokens = new Float64Array(0);
  private counts = new Uint16Array(0);
  /** 1 where its publisher may hear of it together with what it published before. */
  private mayJoin = new Uint8Array(0);
  private startedMs = new Float64Array(0);
  private mask = -1;
  /** The oldest unanswered correlation; equals `next` when there is none. */
  first = 0;
  next = 0;

  /** Correlations between the oldest unanswered one and the next. */
  get span(): number {
    return this.next - this.first;
  }

  add(publisher: Publisher, token: number, count: number, nowMs: number): number {
    if (this.span > this.mask) this.grow();
    const correlation = this.next++;
    const slot = correlation & this.mask;
    this.publishers[slot] = publisher;
    this.tokens[slot] = token;
    this.counts[slot] = count;
    this.mayJoin[slot] = 0;
    this.startedMs[slot] = nowMs;
    return correlation;
  }

  letJoin(correlation: number): void {
    this.mayJoin[correlation & this.mask] = 1;
  }

  /** More messages travel with this one. */
  join(correlation: number, count: number): void {
    this.counts[correlation & this.mask] = this.countOf(correlation) + count;
  }

  /** The full correlation that a 32-bit one stands for. */
  widen(wire: number): number {
    return this.first + ((wire - this.first) >>> 0);
  }

  publisherOf(correlation: number): Publisher | undefined {
    return correlation < this.first || correlation >= this.next ? undefined : this.publishers[correlation & this.mask];
  }

  tokenOf(correlation: number): number {
    return this.tokens[correlation & this.mask] as number;
  }

  mayJoinOf(correlation: number): boolean {
    return this.mayJoin[correlation & this.mask] === 1;
  }

  countOf(correlation: number): number {
    return this.counts[correlation & this.mask] as number;
  }

  /** Milliseconds at which the oldest unanswered append began. */
  get oldestMs(): number | undefined {
    return this.span === 0 ? undefined : this.startedMs[this.first & this.mask];
  }

  /** Marks one as answered. */
  settle(correlation: number): void {
    this.publishers[correlation & this.mask] = undefined;
    while (this.first < this.next && this.publishers[this.first & this.mask] === undefined) this.first++;
  }

  private grow(): void {
    const capacity = Math.max(64, (this.mask + 1) * 2);
    const { publishers, tokens, counts, mayJoin, startedMs, mask } = this;
    this.publishers = Array.from<Publisher | undefined>({ length: capacity });
    this.tokens = new Float64Array(capacity);
    this.counts = new Uint16Array(capacity);
    this.mayJoin = new Uint8Array(capacity);
    this.startedMs = new Float64Array(capacity);
    this.mask = capacity - 1;
    for (let correlation = this.first; correlation < this.next; correlation++) {
      const [to, from] = [correlation & this.mask, correlation & mask];
      this.publishers[to] = publishers[from];
      this.tokens[to] = tokens[from] as number;
      this.counts[to] = counts[from] as number;
      this.mayJoin[to] = mayJoin[from] as number;
      this.startedMs[to] = startedMs[from] as number;
    }
  }
}
