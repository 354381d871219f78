import type { Clock } from '../ports/clock.ts';

/** The server’s word that it has made durable what was acknowledged, for who leaves. */
export class Farewell {
  private readonly clock: Clock;
  private readonly told: Promise<boolean>;
  private tell: (isConfirmed: boolean) => void = () => undefined;

  constructor(clock: Clock) {
    this.clock = clock;
    this.told = new Promise((resolve) => {
      this.tell = resolve;
    });
  }

  /** It has come; false when it cannot come any more. */
  settle(isConfirmed: boolean): void {
    this.tell(isConfirmed);
  }

  /** Resolves to whether it came in time, and what the other connections wait for with it. */
  async within(ms: number, others: Promise<void> | undefined): Promise<boolean> {
    const isConfirmed = Promise.all([this.told, others]).then(([isOwn]) => isOwn);
    const late = Promise.withResolvers<boolean>();
    const timer = this.clock.after(ms, () => late.resolve(false));
    const outcome = await Promise.race([isConfirmed, late.promise]);
    timer.stop();
    return outcome;
  }
}
