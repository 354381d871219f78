import { type FileHandle, mkdir, open, readdir, statfs, unlink } from 'node:fs/promises';
import { systemCode } from '../contract/system-error.ts';
import type { Disk, DiskFile } from '../ports/disk.ts';

const FLAGS = { create: 'wx+', write: 'r+', read: 'r' } as const;

/** The machine’s files. Only their owner may read what is made. */
export const systemDisk: Disk = {
  async makeDirectory(path) {
    await mkdir(path, { recursive: true, mode: 0o700 });
  },
  async list(directory) {
    try {
      return (await readdir(directory)).sort();
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return [];
      throw error;
    }
  },
  async open(path, mode) {
    return new SystemFile(await open(path, FLAGS[mode], 0o600));
  },
  remove: unlink,
  async syncDirectory(path) {
    const directory = await open(path, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  },
  async space(directory) {
    const { bavail, blocks, bsize } = await statfs(directory);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  },
};

class SystemFile implements DiskFile {
  private readonly file: FileHandle;

  constructor(file: FileHandle) {
    this.file = file;
  }

  async size(): Promise<number> {
    return (await this.file.stat()).size;
  }

  async read(bytes: Buffer, start: number, end: number, position: number): Promise<number> {
    let at = start;
    while (at < end) {
      const { bytesRead } = await this.file.read(bytes, at, end - at, position + at - start);
      if (bytesRead === 0) break;
      at += bytesRead;
    }
    return at - start;
  }

  /** A disk that is nearly full takes a part and then says so. */
  async write(parts: readonly Buffer[], position: number): Promise<void> {
    let left = parts;
    let at = position;
    while (left.length > 0) {
      const [first] = left as [Buffer];
      let { bytesWritten } = left.length === 1 ? await this.file.write(first, 0, first.length, at) : await this.file.writev(left, at);
      at += bytesWritten;
      left = left.flatMap((part) => {
        const taken = Math.min(bytesWritten, part.length);
        bytesWritten -= taken;
        return taken === part.length ? [] : [part.subarray(taken)];
      });
    }
  }

  datasync(): Promise<void> {
    return this.file.datasync();
  }

  sync(): Promise<void> {
    return this.file.sync();
  }

  truncate(length: number): Promise<void> {
    return this.file.truncate(length);
  }

  close(): Promise<void> {
    return this.file.close();
  }
}
