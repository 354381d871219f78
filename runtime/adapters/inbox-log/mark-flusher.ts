import { LogBatch } from './log-operations.ts';
import type { MarkFlush, MarkTable } from './mark-table.ts';

export interface MarkFlusherParts {
  readonly marks: MarkTable;
  /** Sequence of the last record that the table has heard of. */
  appliedThrough(): number;
  /** Runs `work` when the commits called before are done. */
  inTurn(work: () => Promise<void>): Promise<void>;
  /** Commits within a turn, synced; rejects when the lease is not held after it. */
  write(batch: LogBatch): Promise<void>;
  failed(error: unknown): void;
}

/** Moves marks from memory to runs: first the run is written beside the commits, then one commit says that it counts. */
export class MarkFlusher {
  private readonly parts: MarkFlusherParts;
  /** A run that is being written. */
  private making: Promise<MarkFlush> | undefined;
  /** One that is written and not said yet. */
  private ready: MarkFlush | undefined;
  private running: Promise<number> = Promise.resolve(0);

  constructor(parts: MarkFlusherParts) {
    this.parts = parts;
  }

  /** Resolves when all marks so far are in runs that count; to how many were older than `beforeMs` and are gone. Not within a turn. */
  async flush(beforeMs?: number): Promise<number> {
    while (this.making !== undefined) await this.running.catch(() => undefined);
    return await this.start(beforeMs);
  }

  /** Within a turn: waits while memory holds as many marks as it may and a flush is not done yet. */
  async makeRoom(): Promise<void> {
    if (!this.parts.marks.isFull) return;
    if (this.making !== undefined) {
      await this.making;
      await this.install();
    }
    this.start(undefined).catch((error: unknown) => this.parts.failed(error));
  }

  /** Resolves when no flush is under way. */
  async idle(): Promise<void> {
    while (this.making !== undefined) await this.running.catch(() => undefined);
  }

  private start(beforeMs: number | undefined): Promise<number> {
    const making = this.parts.marks.flush(this.parts.appliedThrough(), beforeMs);
    this.making = making;
    this.running = this.finish(making);
    return this.running;
  }

  private async finish(making: Promise<MarkFlush>): Promise<number> {
    try {
      this.ready = await making;
    } catch (error) {
      this.making = undefined;
      throw error;
    }
    const { expired } = this.ready;
    await this.parts.inTurn(() => this.install());
    return expired;
  }

  private async install(): Promise<void> {
    const flush = this.ready;
    if (flush === undefined) return;
    this.ready = undefined;
    const batch = new LogBatch();
    batch.switchTable(flush.through, flush.body);
    try {
      await this.parts.write(batch);
    } catch (error) {
      this.parts.marks.takeBack();
      throw error;
    } finally {
      this.making = undefined;
    }
    // Whoever owns the log next has read that commit: it was made under the lease.
    await this.parts.marks.removeObsolete();
  }
}
