import type { Clock, Timer } from '../../runtime/ports/clock.ts';

/** Time that jumps to the next timer whenever nothing else is to be done. */
export class HastyClock implements Clock {
  private now = 0;
  private due: { readonly atMs: number; readonly callback: () => void }[] = [];

  nowMs(): number {
    return this.now;
  }

  monotonicMs(): number {
    return this.now;
  }

  after(ms: number, callback: () => void): Timer {
    const timer = { atMs: this.now + Math.max(0, ms), callback };
    this.due.push(timer);
    setImmediate(() => this.runNext());
    return { stop: () => this.remove(timer) };
  }

  soon(callback: () => void): void {
    setImmediate(callback);
  }

  private runNext(): void {
    const next = this.due.reduce<(typeof this.due)[number] | undefined>((a, b) => (a === undefined || b.atMs < a.atMs ? b : a), undefined);
    if (next === undefined) return;
    this.remove(next);
    this.now = Math.max(this.now, next.atMs);
    next.callback();
  }

  private remove(timer: unknown): void {
    this.due = this.due.filter((other) => other !== timer);
  }
}
