import { IrisError } from '../../contract/errors.ts';
import type { LogEntry } from '../../ports/group-log.ts';
import { readHead } from './group-entries.ts';

/** A batch that counts, as it stands in the log. */
export interface WholeBatch {
  readonly number: number;
  /** Of its operations, in their order. */
  readonly parts: readonly Buffer[];
}

/**
 * Tells which entries of a log count: those of no lower epoch than one before, of batches not seen yet that are there whole. What is doubled,
 * late, or was never finished by an owner that had to go is passed over (0050).
 */
export class BatchAssembler {
  /** Of the last batch that was whole. */
  number: number;
  private highest: number;
  private parts: (Buffer | undefined)[] = [];
  private count: number | undefined;

  /** Goes on behind a checkpoint. */
  constructor({ epoch, number }: { epoch: number; number: number }) {
    this.highest = epoch;
    this.number = number;
  }

  /** The highest epoch met. */
  get epoch(): number {
    return this.highest;
  }

  /**
   * @returns the batch that the entry makes whole
   * @throws IrisError STORE_FAILED when a batch is missing: the log has lost what it had
   */
  take({ offset, body }: LogEntry): WholeBatch | undefined {
    const head = readHead(body);
    if (head.epoch < this.highest) return undefined;
    if (head.epoch > this.highest) {
      this.highest = head.epoch;
      this.forget();
    }
    if (head.isFence || head.number <= this.number) return undefined;
    if (head.number > this.number + 1) {
      throw new IrisError('STORE_FAILED', `the log goes on at offset ${offset} with batch ${head.number}, after ${this.number}`);
    }
    this.parts[head.part] ??= body;
    if (head.isLast) this.count = head.part + 1;
    const parts = this.parts.filter((part) => part !== undefined);
    if (parts.length !== this.count) return undefined;
    this.number = head.number;
    this.forget();
    return { number: head.number, parts };
  }

  private forget(): void {
    this.parts = [];
    this.count = undefined;
  }
}
