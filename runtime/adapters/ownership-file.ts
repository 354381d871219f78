import { join } from 'node:path';
import { OWNERSHIP_LEASE_MS, OWNERSHIP_MARGIN_MS, OWNERSHIP_RENEWAL_MS } from '../contract/limits.ts';
import { systemCode } from '../contract/system-error.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { Disk, DiskFile } from '../ports/disk.ts';
import type { Acquisition, Lease, Ownership } from '../ports/ownership.ts';

/** Bytes of a lease file: written again in its place, so that a full disk does not cost a lease. */
const LEASE_BYTES = 512;
/** Milliseconds until a renewal that failed is tried again. */
const RENEWAL_RETRY_MS = 200;
const NAME = /^(\d{10})\.lease$/;

/** How holders on one machine know of each other’s end. */
export interface ProcessLife {
  /** Names this process, for ever and everywhere. */
  readonly self: string;
  /** True only when that process can run no more. */
  isGone(process: string): boolean;
}

export interface FileOwnershipParts {
  readonly disk: Disk;
  /** A folder on the group’s volume, for leases alone. */
  readonly directory: string;
  readonly clock: Clock;
  /** The node’s name, for who looks at the file. */
  readonly holder: string;
  /** Without it a holder that died counts for OWNERSHIP_LEASE_MS like one that lives. */
  readonly life?: ProcessLife;
  /** The highest epoch that the log knows: the folder of leases may have been removed. */
  epochInLog(): Promise<number>;
  /** Called once when a lease is lost, not when it is given back. */
  lost(reason: string): void;
}

interface LeaseText {
  readonly holder: string;
  readonly process: string;
  readonly released: boolean;
}

/**
 * Leases as files: `<epoch>.lease`, made exclusively by who takes the epoch, and written again by that holder alone. The making decides
 * between two takers, so nothing has to be locked. A lease is free when its holder gave it back, has ended on this machine, or has not
 * changed its file for OWNERSHIP_LEASE_MS as seen by the taker. The holder counts from before its last renewal and stops
 * OWNERSHIP_MARGIN_MS earlier.
 */
export class FileOwnership implements Ownership {
  private readonly parts: FileOwnershipParts;
  /** The lease of the highest epoch as last seen, '' where its file is missing, and since when it has not changed. */
  private seen: { epoch: number; text: string; sinceMs: number } | undefined;

  constructor(parts: FileOwnershipParts) {
    this.parts = parts;
  }

  async acquire(): Promise<Acquisition> {
    const { disk, directory, clock, holder } = this.parts;
    await disk.makeDirectory(directory);
    const askedMs = clock.monotonicMs();
    // The log first: an owner takes its lease before it writes, so a log ahead of all leases has lost one whose holder may still live.
    const inLog = await this.parts.epochInLog();
    const last = await highestLease(disk, directory);
    const known = Math.max(last, inLog);
    const text = last === 0 || last < known ? '' : await this.read(last);
    const before = textOf(text);
    if (known > 0 && !this.isFree(known, text, askedMs)) return { kind: 'waits', holder: before?.holder ?? 'unknown', epoch: known };
    const epoch = known + 1;
    const lease = new FileLease(this.parts, epoch, clock.monotonicMs());
    if (!(await lease.make())) return { kind: 'waits', holder: 'another taker', epoch };
    for (const name of await disk.list(directory)) if (epochOf(name) < epoch) await removeIfThere(disk, join(directory, name));
    return lease.isHeld ? { kind: 'held', lease } : { kind: 'waits', holder, epoch };
  }

  private isFree(epoch: number, text: string, askedMs: number): boolean {
    const lease = textOf(text);
    if (lease?.released === true) return true;
    if (lease !== undefined && this.parts.life?.isGone(lease.process) === true) return true;
    if (this.seen?.epoch === epoch && this.seen.text === text) return askedMs - this.seen.sinceMs >= OWNERSHIP_LEASE_MS;
    this.seen = { epoch, text, sinceMs: this.parts.clock.monotonicMs() };
    return false;
  }

  private async read(epoch: number): Promise<string> {
    const { disk, directory } = this.parts;
    let file: DiskFile;
    try {
      file = await disk.open(join(directory, nameOf(epoch)), 'read');
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return '';
      throw error;
    }
    try {
      const bytes = Buffer.alloc(LEASE_BYTES);
      const count = await file.read(bytes, 0, LEASE_BYTES, 0);
      return bytes.toString('utf8', 0, count);
    } finally {
      await file.close();
    }
  }
}

class FileLease implements Lease {
  readonly epoch: number;
  private readonly parts: FileOwnershipParts;
  private file: DiskFile | undefined;
  private untilMs: number;
  private isOver = false;
  private renewals = 0;
  private renewing: Promise<void> = Promise.resolve();
  private timer: Timer | undefined;

  constructor(parts: FileOwnershipParts, epoch: number, startedMs: number) {
    this.parts = parts;
    this.epoch = epoch;
    this.untilMs = startedMs + OWNERSHIP_LEASE_MS - OWNERSHIP_MARGIN_MS;
  }

  get isHeld(): boolean {
    return !this.isOver && this.parts.clock.monotonicMs() < this.untilMs;
  }

  /** False when another has made this lease, or a later one. */
  async make(): Promise<boolean> {
    const { disk, directory } = this.parts;
    try {
      this.file = await disk.open(join(directory, nameOf(this.epoch)), 'create');
    } catch (error) {
      if (systemCode(error) === 'EEXIST') return false;
      throw error;
    }
    await this.write(false);
    await this.file.sync();
    await disk.syncDirectory(directory);
    if ((await highestLease(disk, directory)) !== this.epoch) {
      await this.end();
      return false;
    }
    this.renewLater(OWNERSHIP_RENEWAL_MS);
    return true;
  }

  async release(): Promise<void> {
    this.timer?.stop();
    const wasHeld = this.isHeld;
    this.isOver = true;
    await this.renewing;
    if (wasHeld) await this.write(true);
    await this.file?.close();
    this.file = undefined;
  }

  private renewLater(ms: number): void {
    this.timer = this.parts.clock.after(ms, () => {
      this.renewing = this.renew();
    });
  }

  private async renew(): Promise<void> {
    const startedMs = this.parts.clock.monotonicMs();
    try {
      this.renewals++;
      await this.write(false);
      const highest = await highestLease(this.parts.disk, this.parts.directory);
      if (highest !== this.epoch) return await this.lose(`the lease of epoch ${this.epoch} is gone, the highest is ${highest}`);
    } catch (error) {
      if (this.isHeld) return this.renewLater(RENEWAL_RETRY_MS);
      return await this.lose(`the lease of epoch ${this.epoch} could not be renewed: ${String(error)}`);
    }
    if (this.isOver) return;
    // A renewal that came back too late says nothing: another may have begun meanwhile.
    if (!this.isHeld) {
      const lateMs = Math.round(this.parts.clock.monotonicMs() - this.untilMs);
      return await this.lose(`the lease of epoch ${this.epoch} ran out ${lateMs} ms before it was renewed`);
    }
    this.untilMs = startedMs + OWNERSHIP_LEASE_MS - OWNERSHIP_MARGIN_MS;
    this.renewLater(OWNERSHIP_RENEWAL_MS - Math.min(OWNERSHIP_RENEWAL_MS, this.parts.clock.monotonicMs() - startedMs));
  }

  private async lose(reason: string): Promise<void> {
    if (this.isOver) return;
    await this.end();
    this.parts.lost(reason);
  }

  private async end(): Promise<void> {
    this.isOver = true;
    await this.file?.close();
    this.file = undefined;
  }

  private async write(released: boolean): Promise<void> {
    const { holder, life } = this.parts;
    const text = JSON.stringify({ epoch: this.epoch, holder, process: life?.self ?? '', renewals: this.renewals, released });
    const bytes = Buffer.alloc(LEASE_BYTES, ' ');
    bytes.write(`${text}\n`, 'utf8');
    await this.file?.write([bytes], 0);
  }
}

async function highestLease(disk: Disk, directory: string): Promise<number> {
  return Math.max(0, ...(await disk.list(directory)).map(epochOf));
}

/** 0 for what is no lease. */
function epochOf(name: string): number {
  return Number(NAME.exec(name)?.[1] ?? 0);
}

function nameOf(epoch: number): string {
  return `${String(epoch).padStart(10, '0')}.lease`;
}

/** Undefined for a file that is being made, or was torn as its holder died: it counts as held by who does not renew. */
function textOf(text: string): LeaseText | undefined {
  try {
    const value = JSON.parse(text) as Partial<LeaseText>;
    return { holder: String(value.holder), process: String(value.process), released: value.released === true };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function removeIfThere(disk: Disk, path: string): Promise<void> {
  try {
    await disk.remove(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}
