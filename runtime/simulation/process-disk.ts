import type { Disk, DiskFile } from '../ports/disk.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { ProcessClock } from './virtual-time.ts';

/** Milliseconds that an operation takes at the most, by kind. */
const DURATIONS_MS = { read: 0.3, write: 0.3, sync: 4, name: 0.2 } as const;
type Kind = keyof typeof DURATIONS_MS;
/** How much longer everything takes on a slow disk. */
const SLOW_FACTOR = 500;

export interface ProcessDiskParts {
  readonly clock: ProcessClock;
  readonly random: SeededRandom;
  /** True while others use the disk, so that everything takes long. */
  isSlow(): boolean;
}

/**
 * A disk as one process sees it: operations take time, and those of a process that has ended meanwhile do not happen. Before and after
 * each the process may crash.
 */
export class ProcessDisk implements Disk {
  /** Operations under way, by kind. */
  readonly underWay = { read: 0, write: 0, sync: 0, name: 0 };
  private readonly disk: Disk;
  private readonly parts: ProcessDiskParts;

  constructor(disk: Disk, parts: ProcessDiskParts) {
    this.disk = disk;
    this.parts = parts;
  }

  makeDirectory(path: string): Promise<void> {
    return this.perform('name', () => this.disk.makeDirectory(path));
  }

  list(directory: string): Promise<string[]> {
    return this.perform('name', () => this.disk.list(directory));
  }

  async open(path: string, mode: 'create' | 'write' | 'read'): Promise<DiskFile> {
    const file = await this.perform('name', () => this.disk.open(path, mode));
    return {
      size: () => this.perform('name', () => file.size()),
      read: (bytes, start, end, position) => this.perform('read', () => file.read(bytes, start, end, position)),
      write: (parts, position) => this.perform('write', () => file.write(parts, position)),
      datasync: () => this.perform('sync', () => file.datasync()),
      sync: () => this.perform('sync', () => file.sync()),
      truncate: (length) => this.perform('name', () => file.truncate(length)),
      close: () => this.perform('name', () => file.close()),
    };
  }

  remove(path: string): Promise<void> {
    return this.perform('name', () => this.disk.remove(path));
  }

  syncDirectory(path: string): Promise<void> {
    return this.perform('sync', () => this.disk.syncDirectory(path));
  }

  space(directory: string): Promise<{ readonly freeBytes: number; readonly totalBytes: number }> {
    return this.perform('name', () => this.disk.space(directory));
  }

  private async perform<T>(kind: Kind, operation: () => Promise<T>): Promise<T> {
    this.underWay[kind]++;
    try {
      await this.pause(kind);
      const result = await operation();
      if (!this.parts.clock.step()) await new Promise(() => undefined);
      return result;
    } finally {
      this.underWay[kind]--;
    }
  }

  private pause(kind: Kind): Promise<void> {
    const { clock, random } = this.parts;
    const ms = random.between(0.01, DURATIONS_MS[kind]) * (this.parts.isSlow() ? SLOW_FACTOR : 1);
    return new Promise((resolve) => {
      clock.after(ms, resolve);
    });
  }
}
