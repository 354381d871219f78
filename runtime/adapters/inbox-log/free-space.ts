import { IrisError } from '../../contract/errors.ts';
import { systemCode } from '../../contract/system-error.ts';
import type { Disk } from '../../ports/disk.ts';

/** Bytes that may be written between two looks at a disk’s free space. */
const UNCHECKED_BYTES_MAX = 64 * 1_048_576;

/** Keeps some of a disk free: what gives space back must be written, too. */
export class FreeSpace {
  private readonly disk: Disk;
  private readonly directory: string;
  private readonly reservedBytes: number;
  private uncheckedBytes = 0;
  /** True from a claim that was refused to the next one that is not. */
  isShort = false;

  constructor(disk: Disk, directory: string, reservedBytes: number) {
    this.disk = disk;
    this.directory = directory;
    this.reservedBytes = reservedBytes;
  }

  /** Call before bytes are added. @throws IrisError STORE_FAILED when they would take what is reserved. */
  async claim(bytes: number): Promise<void> {
    if (bytes > this.uncheckedBytes) {
      const { freeBytes: free } = await this.disk.space(this.directory);
      this.isShort = bytes + this.reservedBytes > free;
      if (this.isShort) {
        const least = bytes + this.reservedBytes;
        throw new IrisError(
          'STORE_FAILED',
          `the disk is full: ${free} bytes are free, an append needs ${least}; make room or let readers drain`,
        );
      }
      this.uncheckedBytes = Math.max(bytes, Math.min(UNCHECKED_BYTES_MAX, Math.floor((free - this.reservedBytes) / 2)));
    }
    this.uncheckedBytes -= bytes;
  }

  /** The next claim looks again: a write has failed. */
  distrust(): void {
    this.uncheckedBytes = 0;
  }
}

export function isDiskFull(error: unknown): boolean {
  const code = systemCode(error);
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** True for a file that is not there. */
export function isMissing(error: unknown): boolean {
  return systemCode(error) === 'ENOENT';
}
