import { IrisError } from '../contract/errors.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { EdgeConnection } from './edge-connection.ts';

/** The login that `connect` waits for: one that succeeds, one that no wait mends, or none in time. */
export class FirstLogin {
  readonly done: Promise<void>;
  private readonly untilMs: number;
  private readonly addresses: readonly string[];
  private readonly timeoutMs: number;
  private readonly timer: Timer;
  private readonly settled = Promise.withResolvers<void>();

  /** @param late is called when none came in time, and has to reject this one */
  constructor(options: { clock: Clock; addresses: readonly string[]; timeoutMs: number }, late: () => void) {
    const { clock, addresses, timeoutMs } = options;
    this.addresses = addresses;
    this.timeoutMs = timeoutMs;
    this.untilMs = clock.monotonicMs() + timeoutMs;
    this.timer = clock.after(timeoutMs, late);
    this.done = this.settled.promise;
  }

  /** Whether every address has said to come back only when nobody waits any more. */
  isHopeless(connection: EdgeConnection): boolean {
    return connection.welcomeAtMs > this.untilMs;
  }

  /** Why there is none: what an edge has refused it with, rather than that it came too late. */
  failureOf({ refusal, failure }: EdgeConnection): IrisError {
    if (refusal !== undefined) return refusal;
    const why = failure ?? 'no answer; it may be that only one side speaks TLS';
    return new IrisError('CONNECTION_FAILED', `no login at ${this.addresses.join(', ')} within ${this.timeoutMs} ms: ${why}`);
  }

  resolve(): void {
    this.timer.stop();
    this.settled.resolve();
  }

  reject(error: IrisError): void {
    this.timer.stop();
    this.settled.reject(error);
  }
}
