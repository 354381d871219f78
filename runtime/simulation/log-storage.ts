import { openLogStore, storeOwnership } from '../adapters/inbox-store-log.ts';
import { STANDBY_POLL_MS } from '../contract/limits.ts';
import type { Lease } from '../ports/ownership.ts';
import type { NodeStorage, OpenedStore, StoreUser } from './node-storage.ts';
import { ProcessDisk } from './process-disk.ts';
import { SectorDisk } from './sector-disk.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { VirtualTime } from './virtual-time.ts';

const DIRECTORY = '/store';
/** Small, so that segments are small too and the log is cleaned within hours. */
const CAPACITY_BYTES = 64 * 1_048_576;
const SEGMENT_BYTES = 1_048_576;
const CACHE_BYTES = 1_048_576;
/** Written last: a single copy cannot tell damage there from a write that was torn. */
const UNTOUCHED_BYTES = 4_096;

/** The production log store on a simulated disk, leased as on a real volume. */
export class LogStorage implements NodeStorage {
  private readonly time: VirtualTime;
  private readonly random: SeededRandom;
  private readonly disk: SectorDisk;
  private process: ProcessDisk | undefined;
  private slowUntilMs = 0;
  private fullUntilMs = 0;

  constructor(time: VirtualTime, random: SeededRandom) {
    this.time = time;
    this.random = random;
    this.disk = new SectorDisk({ random, capacityBytes: CAPACITY_BYTES });
  }

  async open(user: StoreUser): Promise<OpenedStore> {
    const { clock, holder } = user;
    const disk = new ProcessDisk(this.disk, { clock, random: this.random, isSlow: () => this.time.nowMs < this.slowUntilMs });
    this.process = disk;
    const lost = (reason: string) => user.end(reason);
    const ownership = storeOwnership(DIRECTORY, { disk, clock, holder, lost });
    let lease: Lease | undefined;
    while (lease === undefined) {
      const acquired = await ownership.acquire();
      if (acquired.kind === 'held') lease = acquired.lease;
      else await pause(clock, STANDBY_POLL_MS);
    }
    const options = { disk, clock, lease, lost, broken: lost, segmentBytes: SEGMENT_BYTES, cacheBytes: CACHE_BYTES };
    return { store: await openLogStore(DIRECTORY, options), epoch: lease.epoch };
  }

  get isCommitting(): boolean {
    return (this.process?.underWay.write ?? 0) + (this.process?.underWay.sync ?? 0) > 0;
  }

  get isReading(): boolean {
    return (this.process?.underWay.read ?? 0) > 0;
  }

  processEnded(): void {
    this.process = undefined;
  }

  losePower(): void {
    this.disk.losePower();
  }

  fillUntil(atMs: number): void {
    this.fullUntilMs = atMs;
    this.disk.capacityBytes -= this.disk.freeBytes;
    this.time.schedule(atMs, () => {
      if (this.time.nowMs >= this.fullUntilMs) this.disk.capacityBytes = CAPACITY_BYTES;
    });
  }

  slowUntil(atMs: number): void {
    this.slowUntilMs = atMs;
  }

  flip(): { repair(): void } | undefined {
    const paths = this.disk.paths();
    if (paths.length === 0) return undefined;
    const path = this.random.pick(paths);
    const kept = this.disk.contents(path);
    let end = kept.length;
    while (end > 0 && kept[end - 1] === 0) end--;
    end = Math.floor(end / UNTOUCHED_BYTES) * UNTOUCHED_BYTES - UNTOUCHED_BYTES;
    if (end <= 0) return undefined;
    const bit = this.random.below(end * 8);
    return this.disk.flip(path, bit);
  }
}

function pause(clock: StoreUser['clock'], ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}
