import { GROUP_APPLY_BYTES, GROUP_APPLY_MS, GROUP_CHECKPOINT_MS, GROUP_RETRY_MS } from '../../contract/limits.ts';
import type { Clock, Timer } from '../../ports/clock.ts';
import type { GroupRows } from '../../ports/group-rows.ts';
import type { GroupContents } from './group-contents.ts';
import type { SettledInbox } from './inbox-book.ts';
import { countInboxes, planRows, type RowPlan } from './settled-rows.ts';
import { Unapplied } from './unapplied.ts';

export interface RowApplierParts {
  readonly rows: GroupRows;
  readonly contents: GroupContents;
  readonly clock: Clock;
  /** Of the owner. */
  readonly epoch: number;
  /** Offset of the log behind everything that `contents` has. */
  readonly nextOffset: () => number;
  /** Applying went wrong and is tried again. */
  readonly failed: (error: unknown) => void;
}

/** How far the log had come when a layer was closed. */
interface Reached {
  readonly number: number;
  readonly nextPosition: number;
  readonly offset: number;
}

/**
 * Brings the rows up to the log, behind the commits: what gathers meanwhile goes as one, so that what comes and goes at once never reaches
 * the rows. What cannot be applied stays in memory and is tried again.
 */
export class RowApplier {
  private readonly parts: RowApplierParts;
  private timer: Timer | undefined;
  private turn: Promise<unknown> = Promise.resolve();
  /** Of the layer that is being applied: worked out once, since a second look would find some of it done. */
  private plan: RowPlan | undefined;
  private reached: Reached | undefined;
  private isCheckpointed = true;
  private checkpointMs = Number.NEGATIVE_INFINITY;
  private isStopped = false;
  private waiting: (() => void)[] = [];

  constructor(parts: RowApplierParts) {
    this.parts = parts;
  }

  /** Something has been committed. */
  start(): void {
    if (this.parts.contents.gathering.bytes < GROUP_APPLY_BYTES) this.later(GROUP_APPLY_MS);
    else if (this.parts.contents.applying === undefined) this.soon();
  }

  /** Resolves when less than `bytes` wait to be applied, or the applier is stopped. */
  async below(bytes: number): Promise<void> {
    while (this.parts.contents.unappliedBytes >= bytes && !this.isStopped) {
      const applied = new Promise<void>((resolve) => this.waiting.push(resolve));
      this.start();
      await applied;
    }
  }

  /**
   * Applies everything committed so far. Inboxes whose `isCounted` is false are in the stored summaries with it.
   * @throws what the rows throw; what was not applied stays in memory
   */
  flush(isCounted?: (row: string) => boolean): Promise<void> {
    return this.inTurn(async () => {
      if (this.parts.contents.applying !== undefined) await this.apply(isCounted);
      await this.apply(isCounted);
    });
  }

  /** Writes how far the rows have come. */
  checkpoint(): Promise<void> {
    return this.inTurn(() => this.writeCheckpoint());
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.timer?.stop();
    this.tell();
    await this.turn;
  }

  private later(ms: number): void {
    if (this.isStopped) return;
    this.timer ??= this.parts.clock.after(ms, () => {
      this.timer = undefined;
      void this.inTurn(() => this.cycle());
    });
  }

  private soon(): void {
    this.timer?.stop();
    this.timer = undefined;
    this.later(0);
  }

  private async cycle(): Promise<void> {
    if (this.isStopped) return;
    try {
      await this.apply();
      if (this.parts.clock.monotonicMs() - this.checkpointMs >= GROUP_CHECKPOINT_MS) await this.writeCheckpoint();
    } catch (error) {
      this.parts.failed(error);
      return this.later(GROUP_RETRY_MS);
    }
    if (!this.parts.contents.gathering.isEmpty) this.start();
    else if (!this.isCheckpointed) this.later(GROUP_CHECKPOINT_MS);
  }

  private async apply(isCounted: (row: string) => boolean = () => true): Promise<void> {
    const { contents, rows, epoch } = this.parts;
    if (contents.applying === undefined) {
      if (contents.gathering.isEmpty) return;
      contents.applying = contents.gathering;
      contents.gathering = new Unapplied(contents.applying.number);
      this.reached = this.now();
    }
    const layer = contents.applying;
    const last = { epoch, number: layer.number };
    this.plan ??= await planRows(layer, contents, rows, isCounted);
    const { summaries, changes, settled, recounts } = this.plan;
    if (summaries.length > 0) await rows.apply(summaries, last);
    if (changes.length > 0) await rows.apply(changes, last);
    const counted = await countInboxes(recounts, contents.inboxes, rows);
    if (counted.size > 0) {
      const summaryOf = ([row, inbox]: [string, SettledInbox]) => contents.inboxes.summaryOf(row, inbox, layer.number);
      await rows.apply(
        [...counted].map((one) => ({ kind: 'summary', summary: summaryOf(one) })),
        last,
      );
    }
    this.plan = undefined;
    contents.applying = undefined;
    for (const [row, inbox] of [...settled, ...counted]) contents.inboxes.settle(row, inbox);
    for (const row of layer.inboxes.keys()) contents.inboxes.judge(row);
    this.isCheckpointed = false;
    this.tell();
  }

  private async writeCheckpoint(): Promise<void> {
    const { contents, rows, epoch } = this.parts;
    if (contents.applying !== undefined) return;
    const reached = contents.gathering.isEmpty ? this.now() : this.reached;
    if (reached === undefined) return;
    await rows.writeCheckpoint({ epoch, ...reached });
    this.isCheckpointed = true;
    this.checkpointMs = this.parts.clock.monotonicMs();
  }

  private now(): Reached {
    const { contents, nextOffset } = this.parts;
    return { number: contents.gathering.number, nextPosition: contents.reserved, offset: nextOffset() };
  }

  private inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.turn.then(work);
    this.turn = done.catch(() => undefined);
    return done;
  }

  private tell(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}
