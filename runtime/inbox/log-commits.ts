import { Latency } from '../measure/latency.ts';
import type { Clock } from '../ports/clock.ts';
import type { InboxStore, StoreBatch } from '../ports/inbox-store.ts';
import type { Telemetry } from '../ports/telemetry.ts';

/** Commits to a core’s log, counted and timed. */
export class LogCommits {
  private readonly store: InboxStore;
  private readonly clock: Clock;
  private readonly done: { value: number };
  /** Counts batches that came to nothing. */
  readonly failed: { value: number };
  private readonly latency: Latency;

  constructor(parts: { store: InboxStore; clock: Clock; telemetry: Telemetry }) {
    const { store, clock, telemetry } = parts;
    this.store = store;
    this.clock = clock;
    this.done = telemetry.counter('iris_commits_total', 'Batches written to the log');
    this.failed = telemetry.counter('iris_commits_failed_total', 'Batches that the log could not take');
    this.latency = new Latency('iris_commit', 'Milliseconds of a commit to the log', parts);
  }

  /** @throws what the store throws */
  async commit(batch: StoreBatch, options: { sync: boolean }): Promise<void> {
    const startedMs = this.clock.monotonicMs();
    await this.store.commit(batch, options);
    this.done.value++;
    this.latency.add(this.clock.monotonicMs() - startedMs);
  }
}
