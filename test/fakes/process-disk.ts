import type { Disk, DiskFile } from '../../runtime/ports/disk.ts';

/**
 * A disk as one process sees it: while the process is stopped (SIGSTOP) what it has asked for waits, and is done when it goes on, whatever
 * has happened on the disk meanwhile.
 */
export class ProcessDisk implements Disk {
  /** Operations asked for so far. */
  operations = 0;
  private readonly disk: Disk;
  private readonly delay: () => Promise<void>;
  private stopAt = Number.POSITIVE_INFINITY;
  private stopped: Promise<void> = Promise.resolve();
  private resume: (() => void) | undefined;
  private reached: (() => void) | undefined;

  constructor(disk: Disk, delay: () => Promise<void> = async () => undefined) {
    this.disk = disk;
    this.delay = delay;
  }

  get isStopped(): boolean {
    return this.resume !== undefined;
  }

  /** Stops the process before its next operation but `count`; resolves when that has come. */
  stopAfter(count: number): Promise<void> {
    this.stopAt = this.operations + count;
    return new Promise((resolve) => {
      this.reached = resolve;
    });
  }

  stop(): void {
    if (this.resume !== undefined) return;
    this.stopped = new Promise((resolve) => {
      this.resume = resolve;
    });
  }

  go(): void {
    this.stopAt = Number.POSITIVE_INFINITY;
    this.resume?.();
    this.resume = undefined;
  }

  /** @internal */
  async turn(): Promise<void> {
    if (this.operations++ >= this.stopAt) this.stop();
    if (this.isStopped) this.reached?.();
    await this.delay();
    await this.stopped;
  }

  async makeDirectory(path: string): Promise<void> {
    await this.turn();
    await this.disk.makeDirectory(path);
  }

  async list(directory: string): Promise<string[]> {
    await this.turn();
    return await this.disk.list(directory);
  }

  async open(path: string, mode: 'create' | 'write' | 'read'): Promise<DiskFile> {
    await this.turn();
    return new ProcessFile(this, await this.disk.open(path, mode));
  }

  async remove(path: string): Promise<void> {
    await this.turn();
    await this.disk.remove(path);
  }

  async syncDirectory(path: string): Promise<void> {
    await this.turn();
    await this.disk.syncDirectory(path);
  }

  async space(directory: string): Promise<{ freeBytes: number; totalBytes: number }> {
    await this.turn();
    return await this.disk.space(directory);
  }
}

class ProcessFile implements DiskFile {
  private readonly process: ProcessDisk;
  private readonly file: DiskFile;

  constructor(process: ProcessDisk, file: DiskFile) {
    this.process = process;
    this.file = file;
  }

  async size(): Promise<number> {
    await this.process.turn();
    return await this.file.size();
  }

  async read(bytes: Buffer, start: number, end: number, position: number): Promise<number> {
    await this.process.turn();
    return await this.file.read(bytes, start, end, position);
  }

  async write(parts: readonly Buffer[], position: number): Promise<void> {
    const copies = parts.map((part) => Buffer.from(part));
    await this.process.turn();
    await this.file.write(copies, position);
  }

  async datasync(): Promise<void> {
    await this.process.turn();
    await this.file.datasync();
  }

  async sync(): Promise<void> {
    await this.process.turn();
    await this.file.sync();
  }

  async truncate(length: number): Promise<void> {
    await this.process.turn();
    await this.file.truncate(length);
  }

  async close(): Promise<void> {
    await this.process.turn();
    await this.file.close();
  }
}
