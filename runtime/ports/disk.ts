/**
 * A folder of files as the log needs it: what survives which fault is all there is to it. Written bytes survive the process; synced ones
 * survive the power. A name survives the power once its folder is synced. Failures are the system’s errors with their `code` (ENOENT,
 * EEXIST, ENOSPC, EIO); an operation that failed may have been done in part. The simulation runs the real log on a disk of its own
 * through this port (`runtime/simulation/sector-disk.ts`).
 */
export interface Disk {
  /** Makes a folder and those above it; nothing when it is there. */
  makeDirectory(path: string): Promise<void>;
  /** Names in a folder, sorted; none when it is missing. */
  list(directory: string): Promise<string[]>;
  /** `create`: a new, empty file to read and write, EEXIST when there is one. `write`: an existing one. */
  open(path: string, mode: 'create' | 'write' | 'read'): Promise<DiskFile>;
  remove(path: string): Promise<void>;
  /** Makes the names of a folder’s files durable. */
  syncDirectory(path: string): Promise<void>;
  space(directory: string): Promise<{ readonly freeBytes: number; readonly totalBytes: number }>;
}

export interface DiskFile {
  size(): Promise<number>;
  /** Fills `bytes[start … end)` from `position`; resolves to how many came, fewer only at the file’s end. */
  read(bytes: Buffer, start: number, end: number, position: number): Promise<number>;
  /** Writes everything, or rejects when a part may be written. */
  write(parts: readonly Buffer[], position: number): Promise<void>;
  /** Makes the bytes durable. */
  datasync(): Promise<void>;
  /** Makes the bytes and the size durable. */
  sync(): Promise<void>;
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}
