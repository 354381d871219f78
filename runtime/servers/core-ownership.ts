import { errorLine } from '../contract/errors.ts';
import { STANDBY_POLL_MS } from '../contract/limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { Acquisition, Lease, Ownership } from '../ports/ownership.ts';
import type { Log } from '../ports/telemetry.ts';

export interface CoreOwnershipParts {
  readonly ownership: Ownership;
  readonly clock: Clock;
  readonly log: Log;
}

/** A core’s way to its lease: at once where it is free, else as a standby that asks until it is. */
export class CoreOwnership {
  private readonly parts: CoreOwnershipParts;
  private waiting: Extract<Acquisition, { kind: 'waits' }> | undefined;
  private isStopped = false;

  constructor(parts: CoreOwnershipParts) {
    this.parts = parts;
  }

  /** Who holds the lease for which this core waits; undefined when it does not wait. */
  get waitsFor(): string | undefined {
    return this.waiting === undefined ? undefined : `${this.waiting.holder} owns the shards in epoch ${this.waiting.epoch}`;
  }

  /** Asks once. */
  async tryOnce(): Promise<Lease | undefined> {
    const acquired = await this.parts.ownership.acquire();
    if (acquired.kind === 'held') {
      this.waiting = undefined;
      this.parts.log.info('ownership-taken', { epoch: acquired.lease.epoch });
      return acquired.lease;
    }
    if (this.waiting === undefined) this.parts.log.info('standby', { holder: acquired.holder, epoch: acquired.epoch });
    this.waiting = acquired;
    return undefined;
  }

  /** Asks until the lease is held; undefined when `stop` was called before. */
  async wait(): Promise<Lease | undefined> {
    while (!this.isStopped) {
      await new Promise<void>((resolve) => {
        this.parts.clock.after(STANDBY_POLL_MS, resolve);
      });
      if (this.isStopped) break;
      try {
        const lease = await this.tryOnce();
        if (lease !== undefined) return lease;
      } catch (error) {
        this.parts.log.error('ownership-not-known', { reason: errorLine(error) });
      }
    }
    return undefined;
  }

  stop(): void {
    this.isStopped = true;
  }
}
