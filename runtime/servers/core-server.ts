import { systemClock, systemRandom } from '../adapters/clock-system.ts';
import { systemDisk } from '../adapters/disk-system.ts';
import { systemHeapShare } from '../adapters/heap-share.ts';
import { openLogStore, storeOwnership } from '../adapters/inbox-store-log.ts';
import { createFileSlotMapSource } from '../adapters/slot-map-source-file.ts';
import { type CollectedTelemetry, createPinoTelemetry } from '../adapters/telemetry-pino.ts';
import { createTcpTransport } from '../adapters/transport-tcp.ts';
import { errorLine, IrisError } from '../contract/errors.ts';
import type { CoreConfig } from '../contract/node-config.ts';
import type { StoreBounds } from '../ports/inbox-store.ts';
import type { Lease } from '../ports/ownership.ts';
import { acceptFailures } from './accept-failures.ts';
import { startAdminServer } from './admin-server.ts';
import { type CoreNode, openCore } from './core-node.ts';
import { CoreOwnership } from './core-ownership.ts';
import { LinkDoor } from './link-door.ts';
import { LiveSlotMaps } from './live-slot-maps.ts';
import type { RunningNode } from './running-node.ts';

/**
 * Starts a core on this machine: the owner of one group’s shards, with its log, inboxes and outboxes; or a standby of the owner that takes
 * over when the lease on the group’s store is free. A core that loses its lease ends with OWNERSHIP_LOST.
 * @throws IrisError CONFIG_INVALID, FILE_UNREADABLE, STORE_FAILED, ADDRESS_IN_USE
 */
export async function startCore(config: CoreConfig): Promise<RunningNode> {
  const telemetry = createPinoTelemetry({ node: config.node, region: config.region, role: 'core' });
  const slots = await LiveSlotMaps.open({
    source: createFileSlotMapSource(config.slotMapPath),
    environment: config.environment,
    clock: systemClock,
    telemetry,
  });
  const core = new LeasedCore(config, { slots, telemetry });
  await core.open();
  const admin = await startAdminServer(config.admin, { telemetry, commands: {}, pages: {}, unreadyReason: () => core.unreadyReason });
  return {
    listen: { link: core.linkAddress, admin: admin.address },
    isStandby: core.isStandby,
    tookOver: core.tookOver,
    async drain() {
      slots.stop();
      await core.drain();
      admin.close();
      telemetry.flush();
    },
  };
}

interface LeasedCoreParts {
  readonly slots: LiveSlotMaps;
  readonly telemetry: CollectedTelemetry;
}

/** One core process: standby or owner, and what makes it the one after the other. */
class LeasedCore {
  /** Resolves to the epoch when a standby has become the owner. */
  readonly tookOver: Promise<number>;
  private readonly config: CoreConfig;
  private readonly parts: LeasedCoreParts;
  private readonly ownership: CoreOwnership;
  private door!: LinkDoor;
  private core: CoreNode | undefined;
  private opening: Promise<void> = Promise.resolve();
  private hasTakenOver: (epoch: number) => void = () => undefined;
  private epoch = 0;
  private isDraining = false;

  constructor(config: CoreConfig, parts: LeasedCoreParts) {
    const { telemetry } = parts;
    this.config = config;
    this.parts = parts;
    this.tookOver = new Promise((resolve) => {
      this.hasTakenOver = resolve;
    });
    const { store, node: holder } = config;
    const ownership = storeOwnership(store.directory, {
      disk: systemDisk,
      clock: systemClock,
      holder,
      lost: (reason) => this.lost(reason),
    });
    this.ownership = new CoreOwnership({ ownership, clock: systemClock, log: telemetry.log });
    telemetry.gauge('iris_owner_epoch', 'Epoch in which this core owns its shards; 0 for a standby', () => this.epoch);
  }

  get linkAddress(): string {
    return this.door.address;
  }

  get isStandby(): boolean {
    return this.core === undefined;
  }

  get unreadyReason(): string | undefined {
    if (this.isDraining) return 'draining';
    return this.core === undefined ? `standby: ${this.ownership.waitsFor ?? 'the store is being opened'}` : undefined;
  }

  /** Resolves when it serves, or waits as a standby. */
  async open(): Promise<void> {
    const { telemetry } = this.parts;
    this.door = await LinkDoor.open(this.config.link, {
      transport: createTcpTransport({ acceptFailed: acceptFailures(telemetry, systemClock) }),
      clock: systemClock,
      log: telemetry.log,
      node: this.config.node,
    });
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
      this.end(error instanceof IrisError ? error : new IrisError('NODE_FAILED', errorLine(error)));
    }
  }

  private async serve(lease: Lease): Promise<void> {
    const { slots, telemetry } = this.parts;
    const store = await openLogStore(this.config.store.directory, {
      lease,
      bounds: boundsOf(this.config),
      failed: (error) => telemetry.log.error('store-upkeep-failed', { reason: errorLine(error) }),
      broken: (reason) => {
        telemetry.log.error('store-broken', { reason });
        // Nothing can be stored any more: the process ends, and the one that is started in its place opens the log anew.
        this.end(new IrisError('STORE_FAILED', reason));
      },
      lost: (reason) => this.lost(reason),
    });
    this.epoch = lease.epoch;
    this.core = await openCore(this.config, {
      slots,
      store,
      transport: this.door,
      clock: systemClock,
      random: systemRandom,
      telemetry,
      epoch: lease.epoch,
      heapShare: systemHeapShare,
    });
  }

  /** Another may own the shards: nothing more may be said, and the process that is started in its place is a standby. */
  private lost(reason: string): void {
    if (this.isDraining) return;
    this.parts.telemetry.log.error('ownership-lost', { reason });
    this.end(new IrisError('OWNERSHIP_LOST', reason));
  }

  private end(error: IrisError): void {
    this.parts.telemetry.flush();
    setImmediate(() => {
      throw error;
    });
  }
}

function boundsOf({ store }: CoreConfig): StoreBounds {
  return {
    inbox: { envelopesMax: store.inboxEnvelopesMax, bytesMax: store.inboxBytesMax },
    outbox: { envelopesMax: store.outboxEnvelopesMax, bytesMax: store.outboxBytesMax },
  };
}
