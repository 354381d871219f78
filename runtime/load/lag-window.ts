/** The largest delays of the last samples, in a ring. */
export class LagWindow {
  private readonly samples: Float64Array;
  private next = 0;

  constructor(count: number) {
    this.samples = new Float64Array(count);
  }

  add(lagMs: number): void {
    this.samples[this.next] = lagMs;
    this.next = (this.next + 1) % this.samples.length;
  }

  /** All but one in a hundred samples are at or below it. With 100 samples one stall alone, such as a collection, does not show. */
  get p99(): number {
    const sorted = this.samples.toSorted();
    return sorted[Math.ceil(sorted.length * 0.99) - 1] as number;
  }
}
