import { OWNERSHIP_LEASE_MS, OWNERSHIP_MARGIN_MS, OWNERSHIP_RENEWAL_MS } from '../contract/limits.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { Acquisition, Lease, Ownership } from '../ports/ownership.ts';

/** Milliseconds until a renewal that failed is tried again. */
const RENEWAL_RETRY_MS = 200;

/** How holders on one machine know of each other’s end. */
export interface ProcessLife {
  /** Names this process, for ever and everywhere. */
  readonly self: string;
  /** True only when that process can run no more. */
  isGone(process: string): boolean;
}

/** The lease of the highest epoch, as it stands where takers agree. */
export interface StandingLease {
  readonly epoch: number;
  /** Another with each renewal. */
  readonly state: string;
  /** Undefined for one that is being made, or was torn as its holder died: it counts as held by who does not renew. */
  readonly holding: { readonly holder: string; readonly process: string; readonly isReleased: boolean } | undefined;
}

/** Where the leases of a group stand, and how they are taken and renewed there. */
export interface Leases {
  read(): Promise<StandingLease | undefined>;
  /** Takes `epoch` when nothing has changed since `seen`; undefined when another was faster. */
  take(epoch: number, seen: StandingLease | undefined): Promise<TakenLease | undefined>;
}

/** A lease as its holder writes it. */
export interface TakenLease {
  /** Resolves to undefined, or to the highest epoch that stands in its place. */
  renew(renewals: number): Promise<number | undefined>;
  /** Says that the next holder need not wait. */
  release(renewals: number): Promise<void>;
  /** Nothing more is written. */
  close(): Promise<void>;
}

export interface LeasedOwnershipParts {
  readonly leases: Leases;
  readonly clock: Clock;
  /** The node’s name, for who looks at the lease. */
  readonly holder: string;
  /** Without it a holder that died counts for OWNERSHIP_LEASE_MS like one that lives. */
  readonly life?: ProcessLife;
  /** The highest epoch that the log knows: the leases may have been removed. */
  epochInLog(): Promise<number>;
  /** Called once when a lease is lost, not when it is given back. */
  lost(reason: string): void;
}

/**
 * The law of leases, wherever they stand. A lease is free when its holder gave it back, has ended on this machine, or has not changed it for
 * OWNERSHIP_LEASE_MS as seen by the taker. The holder counts from before its last renewal and stops OWNERSHIP_MARGIN_MS earlier.
 */
export class LeasedOwnership implements Ownership {
  private readonly parts: LeasedOwnershipParts;
  /** The lease of the highest epoch as last seen, '' where it is missing, and since when it has not changed. */
  private seen: { epoch: number; state: string; sinceMs: number } | undefined;

  constructor(parts: LeasedOwnershipParts) {
    this.parts = parts;
  }

  async acquire(): Promise<Acquisition> {
    const { leases, clock, holder } = this.parts;
    const askedMs = clock.monotonicMs();
    // The log first: an owner takes its lease before it writes, so a log ahead of all leases has lost one whose holder may still live.
    const inLog = await this.parts.epochInLog();
    const last = await leases.read();
    const known = Math.max(last?.epoch ?? 0, inLog);
    const standing = last?.epoch === known ? last : undefined;
    if (known > 0 && !this.isFree(known, standing, askedMs)) {
      return { kind: 'waits', holder: standing?.holding?.holder ?? 'unknown', epoch: known };
    }
    const epoch = known + 1;
    const startedMs = clock.monotonicMs();
    const taken = await leases.take(epoch, last);
    if (taken === undefined) return { kind: 'waits', holder: 'another taker', epoch };
    const lease = new HeldLease(this.parts, taken, { epoch, startedMs });
    if (lease.isHeld) return { kind: 'held', lease };
    await lease.release();
    return { kind: 'waits', holder, epoch };
  }

  private isFree(epoch: number, standing: StandingLease | undefined, askedMs: number): boolean {
    const { holding, state = '' } = standing ?? {};
    if (holding?.isReleased === true) return true;
    if (holding !== undefined && this.parts.life?.isGone(holding.process) === true) return true;
    if (this.seen?.epoch === epoch && this.seen.state === state) return askedMs - this.seen.sinceMs >= OWNERSHIP_LEASE_MS;
    this.seen = { epoch, state, sinceMs: this.parts.clock.monotonicMs() };
    return false;
  }
}

class HeldLease implements Lease {
  readonly epoch: number;
  private readonly parts: LeasedOwnershipParts;
  private readonly taken: TakenLease;
  private untilMs: number;
  private isOver = false;
  private renewals = 0;
  /** Why it was not renewed when that was tried last. */
  private failure: string | undefined;
  private renewing: Promise<void> = Promise.resolve();
  private timer: Timer | undefined;

  constructor(parts: LeasedOwnershipParts, taken: TakenLease, { epoch, startedMs }: { epoch: number; startedMs: number }) {
    this.parts = parts;
    this.taken = taken;
    this.epoch = epoch;
    this.untilMs = startedMs + OWNERSHIP_LEASE_MS - OWNERSHIP_MARGIN_MS;
    this.renewLater(OWNERSHIP_RENEWAL_MS);
  }

  get isHeld(): boolean {
    return !this.isOver && this.parts.clock.monotonicMs() < this.untilMs;
  }

  async release(): Promise<void> {
    this.timer?.stop();
    const wasHeld = this.isHeld;
    this.isOver = true;
    await this.renewing;
    if (wasHeld) await this.taken.release(this.renewals);
    await this.taken.close();
  }

  private renewLater(ms: number): void {
    this.timer = this.parts.clock.after(ms, () => {
      this.renewing = this.renew();
    });
  }

  private async renew(): Promise<void> {
    // Renewed now it would only be waited for once more by whoever comes next.
    if (!this.isHeld) return await this.lose(this.ranOut());
    const startedMs = this.parts.clock.monotonicMs();
    try {
      this.renewals++;
      const highest = await this.taken.renew(this.renewals);
      if (highest !== undefined) return await this.lose(`the lease of epoch ${this.epoch} is gone, the highest is ${highest}`);
    } catch (error) {
      this.failure = String(error);
      return this.isHeld ? this.renewLater(RENEWAL_RETRY_MS) : await this.lose(this.ranOut());
    }
    if (this.isOver) return;
    this.failure = undefined;
    // A renewal that came back too late says nothing: another may have begun meanwhile.
    if (!this.isHeld) return await this.lose(this.ranOut());
    this.untilMs = startedMs + OWNERSHIP_LEASE_MS - OWNERSHIP_MARGIN_MS;
    this.renewLater(OWNERSHIP_RENEWAL_MS - Math.min(OWNERSHIP_RENEWAL_MS, this.parts.clock.monotonicMs() - startedMs));
  }

  private ranOut(): string {
    if (this.failure !== undefined) return `the lease of epoch ${this.epoch} could not be renewed: ${this.failure}`;
    const lateMs = Math.round(this.parts.clock.monotonicMs() - this.untilMs);
    return `the lease of epoch ${this.epoch} ran out ${lateMs} ms before it was renewed`;
  }

  private async lose(reason: string): Promise<void> {
    if (this.isOver) return;
    this.isOver = true;
    await this.taken.close();
    this.parts.lost(reason);
  }
}
