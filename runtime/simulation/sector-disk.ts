import type { Disk, DiskFile } from '../ports/disk.ts';
import type { SeededRandom } from './seeded-random.ts';

const SECTOR_BYTES = 512;
const OPENED_NAME_BYTES = 4_096;

export interface SectorDiskOptions {
  readonly random: SeededRandom;
  /** @default a gibibyte */
  readonly capacityBytes?: number;
  /** Time that an operation takes, before it has an effect. @default none */
  readonly pause?: () => Promise<void>;
}

/** A file’s bytes as the system has them and as the disk has them; `dirty` are the sectors that differ. */
class Inode {
  bytes: Buffer = Buffer.alloc(0);
  durable: Buffer = Buffer.alloc(0);
  readonly dirty = new Set<number>();
}

/**
 * A disk that keeps what was synced and forgets the rest as real ones do: at a loss of power any subset of the unsynced sectors has
 * reached it, in any order, and a beginning of the unsynced changes of names (F5). It can be full, fail, and change bits (F6, F10). The
 * real log runs on it: `openLogStore(directory, { disk })`.
 */
export class SectorDisk implements Disk {
  capacityBytes: number;
  /** The next operations of a kind that fail, each with this code. Bytes whose sync failed are lost at the next loss of power. */
  readonly failures: { operation: 'write' | 'sync'; code: string }[] = [];
  private readonly random: SeededRandom;
  private readonly pause: () => Promise<void>;
  private names = new Map<string, Inode>();
  private durableNames = new Map<string, Inode>();
  private unsyncedNames: { directory: string; apply(names: Map<string, Inode>): void }[] = [];
  private generation = 0;

  constructor({ random, capacityBytes = 2 ** 30, pause = async () => undefined }: SectorDiskOptions) {
    this.random = random;
    this.capacityBytes = capacityBytes;
    this.pause = pause;
  }

  /** The power goes. Files that were open can be used no more. */
  losePower(): void {
    this.generation++;
    const kept = this.random.below(this.unsyncedNames.length + 1);
    for (const change of this.unsyncedNames.slice(0, kept)) change.apply(this.durableNames);
    this.unsyncedNames = [];
    for (const inode of new Set(this.durableNames.values())) this.loseUnsynced(inode);
    this.names = new Map(this.durableNames);
  }

  /** Changes one bit on the disk. `repair` puts its sector back, unless that was written again since. */
  flip(path: string, bit: number): { repair(): void } {
    const inode = this.inode(path);
    const at = sectorOf(bit >> 3) * SECTOR_BYTES;
    const before = Buffer.from(inode.bytes.subarray(at, at + SECTOR_BYTES));
    for (const bytes of [inode.bytes, inode.durable]) bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
    const after = Buffer.from(inode.bytes.subarray(at, at + SECTOR_BYTES));
    const repair = () => {
      if (!inode.bytes.subarray(at, at + SECTOR_BYTES).equals(after)) return;
      for (const bytes of [inode.bytes, inode.durable]) before.copy(bytes, at);
    };
    return { repair };
  }

  /** Names of all files, sorted. */
  paths(): string[] {
    return [...this.names.keys()].sort();
  }

  /** A file’s bytes as the system has them. */
  contents(path: string): Buffer {
    return Buffer.from(this.inode(path).bytes);
  }

  async makeDirectory(): Promise<void> {
    await this.pause();
  }

  async list(directory: string): Promise<string[]> {
    await this.pause();
    const prefix = `${directory}/`;
    return [...this.names.keys()].flatMap((path) => (isWithin(path, prefix) ? [path.slice(prefix.length)] : [])).sort();
  }

  async open(path: string, mode: 'create' | 'write' | 'read'): Promise<DiskFile> {
    await this.pause();
    if (mode === 'create') {
      if (this.names.has(path)) throw systemError('EEXIST', path);
      if (this.freeBytes < OPENED_NAME_BYTES) throw systemError('ENOSPC', path);
      const made = new Inode();
      this.rename(path, (names) => names.set(path, made));
    }
    return new SectorFile(this, this.inode(path), this.generation);
  }

  async remove(path: string): Promise<void> {
    await this.pause();
    this.inode(path);
    this.rename(path, (names) => names.delete(path));
  }

  async syncDirectory(directory: string): Promise<void> {
    await this.pause();
    this.failWhereDue('sync');
    for (const change of this.unsyncedNames) if (change.directory === directory) change.apply(this.durableNames);
    this.unsyncedNames = this.unsyncedNames.filter((change) => change.directory !== directory);
  }

  async space(): Promise<{ freeBytes: number; totalBytes: number }> {
    await this.pause();
    return { freeBytes: this.freeBytes, totalBytes: this.capacityBytes };
  }

  get freeBytes(): number {
    let used = 0;
    for (const inode of new Set(this.names.values())) used += inode.bytes.length;
    return Math.max(0, this.capacityBytes - used);
  }

  /** @internal */
  async begin(generation: number): Promise<void> {
    await this.pause();
    if (generation !== this.generation) throw systemError('EIO', 'a file of before the loss of power');
  }

  /** @internal */
  failWhereDue(operation: 'write' | 'sync'): void {
    const at = this.failures.findIndex((failure) => failure.operation === operation);
    const [failure] = at < 0 ? [] : this.failures.splice(at, 1);
    if (failure !== undefined) throw systemError(failure.code, operation);
  }

  private loseUnsynced(inode: Inode): void {
    let bytes: Buffer = Buffer.from(inode.durable);
    for (const sector of inode.dirty) {
      const from = sector * SECTOR_BYTES;
      const written = inode.bytes.subarray(from, from + SECTOR_BYTES);
      if (!this.random.oneIn(2)) continue;
      bytes = grown(bytes, from + written.length);
      written.copy(bytes, from);
    }
    inode.dirty.clear();
    inode.durable = bytes;
    inode.bytes = Buffer.from(bytes);
  }

  private inode(path: string): Inode {
    const inode = this.names.get(path);
    if (inode === undefined) throw systemError('ENOENT', path);
    return inode;
  }

  private rename(path: string, apply: (names: Map<string, Inode>) => void): void {
    apply(this.names);
    this.unsyncedNames.push({ directory: path.slice(0, path.lastIndexOf('/')), apply });
  }
}

class SectorFile implements DiskFile {
  private readonly disk: SectorDisk;
  private readonly inode: Inode;
  private readonly generation: number;

  constructor(disk: SectorDisk, inode: Inode, generation: number) {
    this.disk = disk;
    this.inode = inode;
    this.generation = generation;
  }

  async size(): Promise<number> {
    await this.disk.begin(this.generation);
    return this.inode.bytes.length;
  }

  async read(bytes: Buffer, start: number, end: number, position: number): Promise<number> {
    await this.disk.begin(this.generation);
    return this.inode.bytes.copy(bytes, start, position, position + end - start);
  }

  async write(parts: readonly Buffer[], position: number): Promise<void> {
    const copy = Buffer.concat(parts);
    await this.disk.begin(this.generation);
    const { inode } = this;
    const room = Math.max(inode.bytes.length, position) + this.disk.freeBytes - position;
    this.disk.failWhereDue('write');
    const taken = copy.subarray(0, Math.max(0, room));
    inode.bytes = grown(inode.bytes, position + taken.length);
    taken.copy(inode.bytes, position);
    for (let at = sectorOf(position); at <= sectorOf(position + taken.length - 1); at++) inode.dirty.add(at);
    if (taken.length < copy.length) throw systemError('ENOSPC', 'the disk is full');
  }

  datasync(): Promise<void> {
    return this.sync();
  }

  async sync(): Promise<void> {
    await this.disk.begin(this.generation);
    const { inode } = this;
    try {
      this.disk.failWhereDue('sync');
    } catch (error) {
      // The system drops the pages: a later sync succeeds and says nothing of them.
      inode.dirty.clear();
      throw error;
    }
    inode.durable = grown(inode.durable.subarray(0, inode.bytes.length), inode.bytes.length);
    for (const sector of inode.dirty)
      inode.bytes.copy(inode.durable, sector * SECTOR_BYTES, sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES);
    inode.dirty.clear();
  }

  async truncate(length: number): Promise<void> {
    await this.disk.begin(this.generation);
    const { inode } = this;
    inode.bytes = grown(inode.bytes.subarray(0, length), length);
    for (const sector of inode.dirty) if (sector * SECTOR_BYTES >= length) inode.dirty.delete(sector);
    inode.dirty.add(sectorOf(length));
  }

  async close(): Promise<void> {}
}

function sectorOf(offset: number): number {
  return Math.floor(offset / SECTOR_BYTES);
}

/** The bytes, or a copy with zeros up to `length`. */
function grown(bytes: Buffer, length: number): Buffer {
  if (bytes.length >= length) return bytes;
  const longer = Buffer.alloc(length);
  bytes.copy(longer);
  return longer;
}

function isWithin(path: string, prefix: string): boolean {
  return path.startsWith(prefix) && !path.slice(prefix.length).includes('/');
}

function systemError(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), { code });
}
