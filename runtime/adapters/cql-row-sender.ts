import { ROWS_IN_FLIGHT_BYTES_MAX, ROWS_IN_FLIGHT_FEW, ROWS_IN_FLIGHT_MAX, ROWS_SLOW_MS } from '../contract/limits-store.ts';
import type { PartitionWrite } from './cql-row-changes.ts';
import type { CqlSession } from './cql-session.ts';

/**
 * Writes of one group’s rows. As many are under way as the bounds allow, and half as many after an answer that took long: a store serves in the order it is
 * asked, so that leases would wait behind what it has not come to yet.
 */
export class RowSender {
  private readonly session: Pick<CqlSession, 'write' | 'clock'>;
  private atOnce = ROWS_IN_FLIGHT_MAX;
  /** What began before was under way with more. */
  private loweredMs = Number.NEGATIVE_INFINITY;

  constructor(session: Pick<CqlSession, 'write' | 'clock'>) {
    this.session = session;
  }

  /** After a failure nothing more is begun, and what is under way is waited for. */
  send(writes: readonly PartitionWrite[], timestamp: number): Promise<void> {
    const { session } = this;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let [next, count, bytes] = [0, 0, 0];
    let failure: unknown;
    const pump = (): void => {
      while (failure === undefined && next < writes.length && count < this.atOnce) {
        const write = writes[next] as PartitionWrite;
        if (count > 0 && bytes + write.bytes > ROWS_IN_FLIGHT_BYTES_MAX) break;
        next++;
        count++;
        bytes += write.bytes;
        const startedMs = session.clock.monotonicMs();
        const over = (error?: unknown): void => {
          failure ??= error;
          count--;
          bytes -= write.bytes;
          this.judge(startedMs);
          pump();
        };
        session.write(write.statements, timestamp).then(() => over(), over);
      }
      if (count > 0) return;
      if (failure === undefined) resolve();
      else reject(failure);
    };
    pump();
    return promise;
  }

  private judge(startedMs: number): void {
    const nowMs = this.session.clock.monotonicMs();
    if (nowMs - startedMs < ROWS_SLOW_MS) this.atOnce = Math.min(ROWS_IN_FLIGHT_MAX, this.atOnce + 1);
    else if (startedMs >= this.loweredMs) {
      this.atOnce = Math.max(ROWS_IN_FLIGHT_FEW, this.atOnce >> 1);
      this.loweredMs = nowMs;
    }
  }
}
