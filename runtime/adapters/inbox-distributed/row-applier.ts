import { GROUP_APPLY_BYTES, GROUP_APPLY_MS, GROUP_CHECKPOINT_MS, GROUP_RETRY_MS } from '../../contract/limits.ts';
import type { Clock, Timer } from '../../ports/clock.ts';
import type { Checkpoint, GroupRows, RowChange } from '../../ports/group-rows.ts';
import type { GroupContents } from './group-contents.ts';
import type { SettledInbox } from './inbox-book.ts';
import { countInboxes, planRows, type RowPlan } from './settled-rows.ts';

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

/**
 * Brings the rows up to the log, behind the commits: what gathers meanwhile goes as one, so that what comes and goes at once never reaches
 * the rows. What cannot be applied stays in memory and is tried again. What a replay has left goes first, while the group serves.
 */
export class RowApplier {
  private readonly parts: RowApplierParts;
  private timer: Timer | undefined;
  private turn: Promise<unknown> = Promise.resolve();
  /** Of the oldest layer: worked out once, since a second look would find some of it done. */
  private plan: RowPlan | undefined;
  /** Of the plan, what is to be applied next. */
  private part: readonly RowChange[] | undefined;
  /** How far the rows have come. */
  private reached: Checkpoint | undefined;
  private isInCycle = false;
  private isCheckpointed = true;
  private checkpointMs = Number.NEGATIVE_INFINITY;
  private isStopped = false;
  private waiting: (() => void)[] = [];

  constructor(parts: RowApplierParts) {
    this.parts = parts;
  }

  /** Something has been committed, or left by a replay. */
  start(): void {
    const { closed, gathering } = this.parts.contents;
    if (this.isInCycle) return;
    if (closed.length > 0) this.later(GROUP_RETRY_MS);
    else if (gathering.bytes < GROUP_APPLY_BYTES) this.later(GROUP_APPLY_MS);
    else this.soon();
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
   * Applies everything committed so far.
   * @throws what the rows throw; what was not applied stays in memory
   */
  flush(): Promise<void> {
    return this.inTurn(async () => {
      const { contents } = this.parts;
      contents.closeLayer(this.now());
      for (let left = contents.closed.length; left > 0; left--) await this.apply();
    });
  }

  /** Applies what has been closed for the longest. @throws what the rows throw */
  applyOldest(): Promise<void> {
    return this.inTurn(() => this.apply());
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
    const { contents } = this.parts;
    if (this.isStopped) return;
    this.isInCycle = true;
    try {
      if (contents.closed.length === 0) contents.closeLayer(this.now());
      await this.apply();
      if (this.parts.clock.monotonicMs() - this.checkpointMs >= GROUP_CHECKPOINT_MS) await this.writeCheckpoint();
    } catch (error) {
      this.parts.failed(error);
      return this.later(GROUP_RETRY_MS);
    } finally {
      this.isInCycle = false;
    }
    if (contents.closed.length > 0) this.soon();
    else if (!contents.gathering.isEmpty) this.start();
    else if (!this.isCheckpointed) this.later(GROUP_CHECKPOINT_MS);
  }

  private async apply(): Promise<void> {
    const { contents, rows, epoch } = this.parts;
    const [layer] = contents.closed;
    if (layer === undefined) return;
    const last = { epoch, number: layer.number };
    this.plan ??= await planRows(layer, contents, rows);
    const { parts, settled, recounts } = this.plan;
    this.part ??= parts.next().value;
    for (; this.part !== undefined; this.part = parts.next().value) await rows.apply(this.part, last);
    const counted = await countInboxes(recounts, contents.inboxes, rows);
    if (counted.size > 0) {
      const summaryOf = ([row, inbox]: [string, SettledInbox]) => contents.inboxes.summaryOf(row, inbox, layer.number);
      await rows.apply(
        [...counted].map((one) => ({ kind: 'summary', summary: summaryOf(one) })),
        last,
      );
    }
    this.plan = undefined;
    contents.dropLayer();
    for (const [row, inbox] of [...settled, ...counted]) contents.inboxes.settle(row, inbox);
    for (const row of layer.inboxes.keys()) contents.inboxes.judge(row);
    this.reached = layer.reached;
    this.isCheckpointed = false;
    this.tell();
  }

  private async writeCheckpoint(): Promise<void> {
    const { contents, rows } = this.parts;
    const reached = contents.closed.length === 0 && contents.gathering.isEmpty ? this.now() : this.reached;
    if (reached === undefined) return;
    await rows.writeCheckpoint(reached);
    this.isCheckpointed = true;
    this.checkpointMs = this.parts.clock.monotonicMs();
  }

  private now(): Checkpoint {
    const { contents, epoch, nextOffset } = this.parts;
    return { epoch, number: contents.gathering.number, nextPosition: contents.reserved, offset: nextOffset() };
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
