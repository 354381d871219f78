import { type FileHandle, open, statfs } from 'node:fs/promises';
import { IrisError } from '../../contract/errors.ts';

/** Bytes that may be written between two looks at a disk’s free space. */
const UNCHECKED_BYTES_MAX = 64 * 1_048_576;

/** Keeps some of a disk free: what gives space back must be written, too. */
export class FreeSpace {
  private readonly directory: string;
  private readonly reservedBytes: number;
  private uncheckedBytes = 0;

  constructor(directory: string, reservedBytes: number) {
    this.directory = directory;
    this.reservedBytes = reservedBytes;
  }

  /** Call before bytes are added. @throws IrisError STORE_FAILED when they would take what is reserved. */
  async claim(bytes: number): Promise<void> {
    if (bytes > this.uncheckedBytes) {
      const { bavail, bsize } = await statfs(this.directory);
      const free = bavail * bsize;
      if (bytes + this.reservedBytes > free) {
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
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** A directory’s own entry must be on the disk before a file in it counts as made. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Writes everything; a disk that is nearly full takes a part and then says so. */
export async function writeAll(file: FileHandle, parts: readonly Buffer[], position: number): Promise<void> {
  let left = parts;
  let at = position;
  while (left.length > 0) {
    let { bytesWritten } =
      left.length === 1 ? await file.write(left[0] as Buffer, 0, (left[0] as Buffer).length, at) : await file.writev(left, at);
    at += bytesWritten;
    left = left.flatMap((part) => {
      const taken = Math.min(bytesWritten, part.length);
      bytesWritten -= taken;
      return taken === part.length ? [] : [part.subarray(taken)];
    });
  }
}
