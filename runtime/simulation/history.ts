import { HistoryChecker, type Verdict } from './history-checker.ts';
import type { HistoryEvent } from './history-event.ts';

export interface HistoryOptions {
  /** Milliseconds, of one clock for all events. */
  nowMs(): number;
  /** Gets one JSON line per event, without its end of line: a file, a hash. */
  line?(line: string): void;
}

/** Records what clients and nodes saw, and judges it on the way. */
export class History {
  private readonly checker = new HistoryChecker();
  private readonly options: HistoryOptions;

  constructor(options: HistoryOptions) {
    this.options = options;
  }

  record(event: HistoryEvent): void {
    this.checker.take(event);
    this.options.line?.(JSON.stringify({ atMs: this.options.nowMs(), ...event }));
  }

  send(message: string): void {
    this.record({ event: 'send', message });
  }

  /** `durability` is the receipt’s class. */
  acknowledge(message: string, durability?: string): void {
    this.record({ event: 'ack', message, ...(durability !== undefined && { class: durability }) });
  }

  refuse(message: string, code: string): void {
    this.record({ event: 'refuse', message, code });
  }

  receive(user: string, message: string): void {
    this.record({ event: 'receive', user, message });
  }

  get acknowledgedCount(): number {
    return this.checker.acknowledgedCount;
  }

  get receivedCount(): number {
    return this.checker.receivedCount;
  }

  /** Every acknowledged message has been received. */
  get isComplete(): boolean {
    return this.checker.isComplete;
  }

  verdict(): Verdict {
    return this.checker.verdict();
  }
}
