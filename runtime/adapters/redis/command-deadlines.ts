import type { Clock, Timer } from '../../ports/clock.ts';

/** A command without an answer. */
interface Waiting {
  readonly endMs: number;
  refuse(error: unknown): void;
}

/** Another command in the place of one that failed so; undefined where that error stands. */
export type Instead = (error: unknown) => Promise<unknown> | undefined;

/** Refuses commands that are not answered in time. One timer for all, since a timer each costs as much as sending a command. */
export class CommandDeadlines {
  private readonly clock: Clock;
  private readonly timeoutMs: number;
  /** As they were sent: the first ends first. */
  private readonly waiting = new Set<Waiting>();
  private timer: Timer | undefined;

  constructor(clock: Clock, timeoutMs: number) {
    this.clock = clock;
    this.timeoutMs = timeoutMs;
  }

  /**
   * What `answer` comes to, or after `timeoutMs` a rejection; `refusal` makes the error of either. Nobody hears of an answer that comes later. Where
   * `instead` makes another command of an error, that one’s answer counts, within the same time.
   */
  within(answer: Promise<unknown>, refusal: (error: unknown) => Error, instead?: Instead): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const refuse = (error: unknown) => reject(refusal(error));
      const waiting: Waiting = { endMs: this.clock.monotonicMs() + this.timeoutMs, refuse };
      this.waiting.add(waiting);
      this.timer ??= this.after(this.timeoutMs);
      const answered = (value: unknown): void => {
        this.waiting.delete(waiting);
        resolve(value);
      };
      answer.then(answered, (error: unknown) => {
        const other = instead?.(error);
        if (other !== undefined) other.then(answered, (second: unknown) => this.broken(waiting, second));
        else this.broken(waiting, error);
      });
    });
  }

  /** Refuses all that waits. */
  stop(): void {
    this.timer?.stop();
    this.timer = undefined;
    this.refuse(Number.POSITIVE_INFINITY, 'the connection is closed');
  }

  private broken(waiting: Waiting, error: unknown): void {
    if (this.waiting.delete(waiting)) waiting.refuse(error);
  }

  private after(ms: number): Timer {
    return this.clock.after(ms, () => {
      const nowMs = this.clock.monotonicMs();
      this.timer = undefined;
      this.refuse(nowMs, `no answer within ${this.timeoutMs} ms`);
      const [next] = this.waiting;
      if (next !== undefined) this.timer = this.after(next.endMs - nowMs);
    });
  }

  private refuse(untilMs: number, reason: string): void {
    for (const waiting of this.waiting) {
      if (waiting.endMs > untilMs) return;
      this.waiting.delete(waiting);
      waiting.refuse(new Error(reason));
    }
  }
}
