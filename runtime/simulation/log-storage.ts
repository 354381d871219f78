import { openLogStore } from '../adapters/inbox-store-log.ts';
import { storeOwnership } from '../adapters/store-ownership.ts';
import type { NodeStorage, StoreAccess, StoreUser } from './node-storage.ts';
import { ProcessDisk } from './process-disk.ts';
import { SectorDisk } from './sector-disk.ts';
import type { SeededRandom } from './seeded-random.ts';
import { SIMULATED_TURN_BYTES } from './turn-size.ts';
import type { VirtualTime } from './virtual-time.ts';

const DIRECTORY = '/store';
/** Small, so that segments are small too and the log is cleaned within hours. */
const CAPACITY_BYTES = 64 * 1_048_576;
const SEGMENT_BYTES = 1_048_576;
const CACHE_BYTES = 1_048_576;
/** Operations that fail one after the other, at the most. */
const FAILURES_MAX = 3;
/** Written last: a single copy cannot tell damage there from a write that was torn. */
const UNTOUCHED_BYTES = 4_096;

/** The production log store on a simulated disk, leased as on a real volume. */
export class LogStorage implements NodeStorage {
  private readonly time: VirtualTime;
  private readonly random: SeededRandom;
  private readonly disk: SectorDisk;
  private readonly processes = new Map<string, ProcessDisk>();
  private slowUntilMs = 0;
  private fullUntilMs = 0;

  constructor(time: VirtualTime, random: SeededRandom) {
    this.time = time;
    this.random = random;
    this.disk = new SectorDisk({ random, capacityBytes: CAPACITY_BYTES });
  }

  access({ clock, holder }: StoreUser): StoreAccess {
    const disk = new ProcessDisk(this.disk, { clock, random: this.random, isSlow: () => this.time.nowMs < this.slowUntilMs });
    this.processes.set(holder, disk);
    const bounds = { segmentBytes: SEGMENT_BYTES, cacheBytes: CACHE_BYTES, turnBytes: SIMULATED_TURN_BYTES };
    return {
      ownership: (lost) => storeOwnership(DIRECTORY, { disk, clock, holder, lost }),
      openStore: (lease, hearer) => openLogStore(DIRECTORY, { disk, clock, lease, ...bounds, ...hearer }),
    };
  }

  isCommitting(holder: string): boolean {
    const underWay = this.processes.get(holder)?.underWay;
    return underWay !== undefined && underWay.write + underWay.sync > 0;
  }

  isReading(holder: string): boolean {
    return (this.processes.get(holder)?.underWay.read ?? 0) > 0;
  }

  processEnded(holder: string): void {
    this.processes.delete(holder);
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

  failSome(): boolean {
    const operation = this.random.oneIn(2) ? 'sync' : 'write';
    for (let left = 1 + this.random.below(FAILURES_MAX); left > 0; left--) this.disk.failures.push({ operation, code: 'EIO' });
    return true;
  }

  calm(): void {
    this.disk.failures.length = 0;
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
