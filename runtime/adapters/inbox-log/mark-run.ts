import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { IrisError } from '../../contract/errors.ts';
import type { Disk, DiskFile } from '../../ports/disk.ts';
import { isRowOf, rowHash, rowLength } from './mark-row.ts';

/**
 * Run => block* (firstHash:u32 length:u32 crc:u32)* magic:8 format:u32 blocks:u32 crc:u32          (little-endian)
 *
 * Rows of the table of marks in the order of their hashes, written once and never changed. The index behind the blocks stays in memory:
 * 12 bytes for each 4 KB. Every byte is under a CRC-32: a block’s is in the index, the last covers index, magic and format.
 */
const BLOCK_BYTES = 4_096;
/** Bytes written, and read in a merge, at a time. */
const CHUNK_BYTES = 131_072;
const ENTRY_BYTES = 12;
const FOOTER_BYTES = 20;
const MAGIC = 'IRIS-RUN';
const FORMAT = 1;

/** Names a run: its owner’s epoch, and a number within it, so that two owners never make the same file. */
export interface RunName {
  readonly epoch: number;
  readonly number: number;
  readonly bytes: number;
}

export function runFileName({ epoch, number }: Pick<RunName, 'epoch' | 'number'>): string {
  return `${String(epoch).padStart(10, '0')}-${String(number).padStart(10, '0')}.run`;
}

interface Block {
  readonly firstHash: number;
  readonly offset: number;
  readonly length: number;
  readonly crc: number;
}

export class MarkRun {
  readonly name: RunName;
  readonly path: string;
  private readonly file: DiskFile;
  private readonly blocks: readonly Block[];

  constructor(parts: { name: RunName; path: string; file: DiskFile; blocks: readonly Block[] }) {
    this.name = parts.name;
    this.path = parts.path;
    this.file = parts.file;
    this.blocks = parts.blocks;
  }

  /** @throws IrisError STORE_FAILED when it is missing or not what was written (F6). */
  static async open(disk: Disk, directory: string, name: RunName): Promise<MarkRun> {
    const path = join(directory, runFileName(name));
    const file = await disk.open(path, 'read');
    try {
      return new MarkRun({ name, path, file, blocks: await readIndex(file, path, name.bytes) });
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** The row of a key, undefined where there is none. */
  async find(kind: number, key: string): Promise<Buffer | undefined> {
    const hash = rowHash(kind, key);
    for (let at = this.firstWith(hash); at < this.blocks.length && (this.blocks[at] as Block).firstHash <= hash; at++) {
      const bytes = await this.read(at, at + 1);
      for (let from = 0; from < bytes.length; from += rowLength(bytes, from)) {
        const row = bytes.subarray(from, from + rowLength(bytes, from));
        if (row.readUInt32LE(0) === hash && isRowOf(row, kind, key)) return row;
      }
    }
    return undefined;
  }

  /** Rows from the first to the last, a chunk at a time. */
  async *chunks(): AsyncGenerator<Buffer> {
    for (let from = 0; from < this.blocks.length; ) {
      let to = from;
      let bytes = 0;
      while (to < this.blocks.length && bytes < CHUNK_BYTES) bytes += (this.blocks[to++] as Block).length;
      yield await this.read(from, to);
      from = to;
    }
  }

  close(): Promise<void> {
    return this.file.close();
  }

  /** The last block that begins below the hash, since equal ones may begin at its end. */
  private firstWith(hash: number): number {
    let [low, high] = [0, this.blocks.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.blocks[middle] as Block).firstHash < hash) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  private async read(from: number, to: number): Promise<Buffer> {
    const blocks = this.blocks.slice(from, to);
    const start = (blocks[0] as Block).offset;
    const last = blocks.at(-1) as Block;
    const bytes = Buffer.allocUnsafe(last.offset + last.length - start);
    const count = await this.file.read(bytes, 0, bytes.length, start);
    for (const { offset, length, crc } of blocks) {
      const end = offset - start + length;
      if (end > count || crc32(bytes.subarray(offset - start, end)) !== crc) throw damaged(this.path, offset);
    }
    return bytes;
  }
}

/** Writes a run from rows in their order. Call `finish`, or `abandon` to leave nothing. */
export class MarkRunWriter {
  private readonly disk: Disk;
  private readonly directory: string;
  private readonly file: DiskFile;
  private readonly name: Pick<RunName, 'epoch' | 'number'>;
  private readonly blocks: Block[] = [];
  private chunk: Buffer = Buffer.allocUnsafe(CHUNK_BYTES + BLOCK_BYTES);
  private filled = 0;
  private blockStart = 0;
  /** Of the block under way, as a signed number. */
  private firstHash = 0;
  private written = 0;

  private constructor(disk: Disk, directory: string, name: Pick<RunName, 'epoch' | 'number'>, file: DiskFile) {
    this.disk = disk;
    this.directory = directory;
    this.name = name;
    this.file = file;
  }

  static async create(disk: Disk, directory: string, name: Pick<RunName, 'epoch' | 'number'>): Promise<MarkRunWriter> {
    return new MarkRunWriter(disk, directory, name, await disk.open(join(directory, runFileName(name)), 'create'));
  }

  /** Adds the row `bytes[start … end)` in memory; true when `flush` is due. */
  add(bytes: Buffer, start: number, end: number): boolean {
    const length = end - start;
    if (this.filled + length > this.chunk.length) {
      const longer = Buffer.allocUnsafe(this.filled + length + CHUNK_BYTES);
      this.chunk.copy(longer, 0, 0, this.filled);
      this.chunk = longer;
    }
    if (this.filled === this.blockStart) this.firstHash = bytes.readInt32LE(start);
    bytes.copy(this.chunk, this.filled, start, end);
    this.filled += length;
    if (this.filled - this.blockStart >= BLOCK_BYTES) this.endBlock();
    return this.filled >= CHUNK_BYTES;
  }

  async flush(): Promise<void> {
    if (this.filled > this.blockStart) this.endBlock();
    if (this.filled > 0) await this.file.write([this.chunk.subarray(0, this.filled)], this.written);
    this.written += this.filled;
    this.filled = 0;
    this.blockStart = 0;
  }

  /** Resolves when the run is on the disk. */
  async finish(): Promise<MarkRun> {
    await this.flush();
    const index = encodeIndex(this.blocks);
    await this.file.write([index], this.written);
    await this.file.sync();
    await this.disk.syncDirectory(this.directory);
    await this.file.close();
    return await MarkRun.open(this.disk, this.directory, { ...this.name, bytes: this.written + index.length });
  }

  async abandon(): Promise<void> {
    await this.file.close();
    await this.disk.remove(join(this.directory, runFileName(this.name)));
  }

  private endBlock(): void {
    const bytes = this.chunk.subarray(this.blockStart, this.filled);
    const offset = this.written + this.blockStart;
    this.blocks.push({ firstHash: this.firstHash >>> 0, offset, length: bytes.length, crc: crc32(bytes) });
    this.blockStart = this.filled;
  }
}

function encodeIndex(blocks: readonly Block[]): Buffer {
  const bytes = Buffer.alloc(blocks.length * ENTRY_BYTES + FOOTER_BYTES);
  blocks.forEach(({ firstHash, length, crc }, i) => {
    bytes.writeUInt32LE(firstHash, i * ENTRY_BYTES);
    bytes.writeUInt32LE(length, i * ENTRY_BYTES + 4);
    bytes.writeUInt32LE(crc, i * ENTRY_BYTES + 8);
  });
  const at = blocks.length * ENTRY_BYTES;
  bytes.write(MAGIC, at, 'latin1');
  bytes.writeUInt32LE(FORMAT, at + 8);
  bytes.writeUInt32LE(blocks.length, at + 12);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, at + 16)), at + 16);
  return bytes;
}

async function readIndex(file: DiskFile, path: string, size: number): Promise<Block[]> {
  const footer = Buffer.alloc(FOOTER_BYTES);
  const footerAt = size - FOOTER_BYTES;
  const count = footerAt < 0 ? 0 : await file.read(footer, 0, FOOTER_BYTES, footerAt);
  const blockCount = footer.readUInt32LE(12);
  const start = footerAt - blockCount * ENTRY_BYTES;
  const isFooter = count === FOOTER_BYTES && footer.toString('latin1', 0, 8) === MAGIC && footer.readUInt32LE(8) === FORMAT && start >= 0;
  if (!isFooter) throw damaged(path, Math.max(0, footerAt));
  const bytes = Buffer.alloc(size - start);
  await file.read(bytes, 0, bytes.length, start);
  if (crc32(bytes.subarray(0, bytes.length - 4)) !== bytes.readUInt32LE(bytes.length - 4)) throw damaged(path, start);
  let offset = 0;
  return Array.from({ length: blockCount }, (_, i) => {
    const at = i * ENTRY_BYTES;
    const block = { firstHash: bytes.readUInt32LE(at), offset, length: bytes.readUInt32LE(at + 4), crc: bytes.readUInt32LE(at + 8) };
    offset += block.length;
    return block;
  });
}

function damaged(path: string, offset: number): IrisError {
  return new IrisError(
    'STORE_FAILED',
    `the table of marks is damaged in ${path} at byte ${offset}: it is not what was written; restore the folder from a copy`,
  );
}
