import { HANDOVER_RETRY_MS, HANDOVER_URGENT_MAX, HANDOVERS_AT_ONCE } from '../contract/limits.ts';
import type { Clock } from '../ports/clock.ts';

export interface FetchQueueParts {
  readonly clock: Clock;
  readonly isPending: (name: string) => boolean;
  /** True when the user is here; never rejects. */
  readonly fetch: (name: string) => Promise<boolean>;
}

/**
 * Whom to fetch next: those first for whom something came, HANDOVERS_AT_ONCE at a time. One whose try failed is tried again HANDOVER_RETRY_MS
 * later, however often something comes for it meanwhile.
 */
export class FetchQueue {
  private readonly parts: FetchQueueParts;
  private readonly underWay = new Set<string>();
  private readonly queued = new Set<string>();
  /** Whose last try failed a moment ago. */
  private readonly resting = new Set<string>();
  private urgent: string[] = [];
  private patient: string[] = [];

  constructor(parts: FetchQueueParts) {
    this.parts = parts;
  }

  /** Those who were listed wait until others have gone. */
  get hasListed(): boolean {
    return this.patient.length > 0;
  }

  /** Something came for the user. */
  touch(name: string): void {
    if (this.has(name) || this.urgent.length >= HANDOVER_URGENT_MAX) return;
    this.queued.add(name);
    this.urgent.push(name);
    this.fill();
  }

  /** Nothing came, but the former owner has the user; `fill` begins. */
  list(name: string): void {
    if (this.has(name)) return;
    this.queued.add(name);
    this.patient.push(name);
  }

  /** A newer map is in force. */
  clear(): void {
    this.urgent = [];
    this.patient = [];
    this.queued.clear();
    this.resting.clear();
  }

  fill(): void {
    while (this.underWay.size < HANDOVERS_AT_ONCE) {
      const name = this.urgent.shift() ?? this.patient.shift();
      if (name === undefined) return;
      this.queued.delete(name);
      if (this.underWay.has(name) || !this.parts.isPending(name)) continue;
      this.underWay.add(name);
      void this.tryOnce(name);
    }
  }

  private has(name: string): boolean {
    return this.underWay.has(name) || this.queued.has(name) || this.resting.has(name);
  }

  private async tryOnce(name: string): Promise<void> {
    const isDone = await this.parts.fetch(name);
    this.underWay.delete(name);
    if (!isDone) this.rest(name);
    this.fill();
  }

  /** Beyond the bound it waits for the sweep, which lists everyone. */
  private rest(name: string): void {
    if (this.resting.has(name) || this.resting.size >= HANDOVER_URGENT_MAX) return;
    this.resting.add(name);
    this.parts.clock.after(HANDOVER_RETRY_MS, () => {
      // By a timer from before the newest map it may have been tried already.
      if (this.resting.delete(name) && this.parts.isPending(name)) this.touch(name);
    });
  }
}
