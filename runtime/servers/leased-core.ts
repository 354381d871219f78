import { errorLine, IrisError } from '../contract/errors.ts';
import type { BucketOf } from '../contract/layout.ts';
import type { CoreConfig } from '../contract/node-config.ts';
import type { Clock, Random } from '../ports/clock.ts';
import type { InboxStore } from '../ports/inbox-store.ts';
import type { Lease, Ownership } from '../ports/ownership.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import type { Transport } from '../ports/transport.ts';
import { type CoreNode, openCore } from './core-node.ts';
import { CoreOwnership } from './core-ownership.ts';
import { LinkDoor } from './link-door.ts';
import type { LiveSlotMaps } from './live-slot-maps.ts';

/** What a store tells its core while it is open. */
export interface StoreHearer {
  /** Upkeep went wrong and is tried again. */
  failed(error: unknown): void;
  /** Nothing can be stored any more until the store is opened anew. */
  broken(reason: string): void;
  /** The lease has run out. */
  lost(reason: string): void;
}

/** What a core stands on: the machine’s, or a simulation’s. */
export interface LeasedCoreParts {
  readonly slots: LiveSlotMaps;
  readonly telemetry: Telemetry;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  /** How a bucket is chosen; left out but to plant a fault. */
  readonly bucketOf?: BucketOf;
  /** Bytes of a commit that are worked on at a time; left out but to have more turns. */
  readonly turnBytes?: number;
  /** Share of the heap in use; left out where nothing is measured. */
  readonly heapShare?: () => number;
  /** Where the cores of the group agree on who serves it. `lost` is called once when a lease is lost. */
  ownership(lost: (reason: string) => void): Ownership;
  openStore(lease: Lease, hearer: StoreHearer): Promise<InboxStore>;
  /** The process has to end, and to be started anew. */
  end(error: IrisError): void;
}

/** One core process: standby or owner, and what makes it the one after the other. */
export class LeasedCore {
  /** Resolves to the epoch when a standby has become the owner. */
  readonly tookOver: Promise<number>;
  private readonly config: CoreConfig;
  private readonly parts: LeasedCoreParts;
  private readonly ownership: CoreOwnership;
  private door!: LinkDoor;
  private core: CoreNode | undefined;
  private opening: Promise<void> = Promise.resolve();
  private hasTakenOver: (epoch: number) => void = () => undefined;
  private lease: Lease | undefined;
  private isDraining = false;

  constructor(config: CoreConfig, parts: LeasedCoreParts) {
    const { telemetry, clock } = parts;
    this.config = config;
    this.parts = parts;
    this.tookOver = new Promise((resolve) => {
      this.hasTakenOver = resolve;
    });
    const ownership = parts.ownership((reason) => this.lost(reason));
    this.ownership = new CoreOwnership({ ownership, clock, log: telemetry.log });
    telemetry.gauge('iris_owner_epoch', 'Epoch in which this core owns its shards; 0 for a standby', () =>
      this.lease?.isHeld === true ? this.lease.epoch : 0,
    );
  }

  get linkAddress(): string {
    return this.door.address;
  }

  /** The core’s rooms while it owns its shards. */
  get owner(): CoreNode | undefined {
    return this.core;
  }

  /** Another holds the lease, or may. */
  get isWaiting(): boolean {
    return this.ownership.waitsFor !== undefined;
  }

  get isStandby(): boolean {
    return this.core === undefined;
  }

  get unreadyReason(): string | undefined {
    if (this.isDraining) return 'draining';
    if (this.core === undefined) return `standby: ${this.ownership.waitsFor ?? 'the store is being opened'}`;
    // After a stop it answers this before it has noticed, and another may serve already.
    return this.lease?.isHeld === true ? undefined : 'its lease has run out';
  }

  /** Resolves when it serves, or waits as a standby. */
  async open(): Promise<void> {
    const { transport, clock, telemetry } = this.parts;
    this.door = await LinkDoor.open(this.config.link, { transport, clock, log: telemetry.log, node: this.config.node });
    const lease = await this.ownership.tryOnce();
    if (lease === undefined) this.opening = this.takeOver();
    else await this.serve(lease);
  }

  async drain(): Promise<void> {
    this.isDraining = true;
    this.ownership.stop();
    await this.opening;
    if (this.core === undefined) await this.door.close();
    else await this.core.drain();
  }

  private async takeOver(): Promise<void> {
    const lease = await this.ownership.wait();
    if (lease === undefined) return;
    try {
      await this.serve(lease);
      this.hasTakenOver(lease.epoch);
    } catch (error) {
      this.parts.telemetry.log.error('take-over-failed', { reason: errorLine(error) });
      this.parts.end(error instanceof IrisError ? error : new IrisError('NODE_FAILED', errorLine(error)));
    }
  }

  private async serve(lease: Lease): Promise<void> {
    const { slots, telemetry, clock, random, heapShare } = this.parts;
    const store = await this.parts.openStore(lease, {
      failed: (error) => telemetry.log.error('store-upkeep-failed', { reason: errorLine(error) }),
      broken: (reason) => {
        telemetry.log.error('store-broken', { reason });
        // Nothing can be stored any more: the process ends, and the one that is started in its place opens the log anew.
        this.parts.end(new IrisError('STORE_FAILED', reason));
      },
      lost: (reason) => this.lost(reason),
    });
    // The owner before may have acted by a map that this process has not looked for yet: users it gave away must not be taken for its own.
    await slots.refresh();
    this.lease = lease;
    const { bucketOf, turnBytes } = this.parts;
    const simulated = { ...(bucketOf !== undefined && { bucketOf }), ...(turnBytes !== undefined && { turnBytes }) };
    const measured = heapShare === undefined ? {} : { heapShare };
    const parts = { slots, store, transport: this.door, clock, random, telemetry, epoch: lease.epoch, ...measured, ...simulated };
    this.core = await openCore(this.config, parts);
  }

  /** Another may own the shards: nothing more may be said, and the process that is started in its place is a standby. */
  private lost(reason: string): void {
    if (this.isDraining) return;
    this.parts.telemetry.log.error('ownership-lost', { reason });
    this.parts.end(new IrisError('OWNERSHIP_LOST', reason));
  }
}
