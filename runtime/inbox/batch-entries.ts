import type { StoreBatch } from '../ports/inbox-store.ts';
import { type Destination, Placed } from './destination.ts';

/** What one batch puts into the log, in its order: each entry gets the next position. */
export class BatchEntries {
  placed: Placed[] = [];
  private readonly takePosition: () => number;
  private batch: StoreBatch;

  constructor(takePosition: () => number, batch: StoreBatch) {
    this.takePosition = takePosition;
    this.batch = batch;
  }

  begin(batch: StoreBatch): void {
    this.batch = batch;
    this.placed = [];
  }

  /** `recipient` is one byte a character. */
  put(envelope: Buffer, destination: Destination, recipient: string): void {
    const placed = new Placed(destination, recipient, this.takePosition(), envelope);
    if (destination.kind === 'inbox') this.batch.appendToRecipient(placed.position, envelope, destination.handle);
    else this.batch.appendOutbox(destination.group, placed.position, envelope);
    this.placed.push(placed);
  }
}
