import { IrisError } from '../../contract/errors.ts';
import { type LogBatch, OPERATION_HEADER_BYTES, OperationReader } from '../inbox-log/log-operations.ts';
import { RECORD_HEADER_BYTES, readNumber, writeNumber } from '../inbox-log/log-record.ts';

/**
 * Entry => version:u8 kind:u8 isLast:u8 zero:u8 part:u32 chunkPairs:u32 epoch:u64 number:u64 (firstChunk:u32 chunk:u32)* operations          (little-endian)
 *
 * One entry of a group’s log. A fence says that the owner of this epoch has begun. A part holds some operations of a batch, in their order,
 * as in the embedded log (inbox-log/log-operations.ts), with a pair of chunks for each that concerns an inbox: an append has its own, a
 * removal those in which what it takes out may lie. Whoever applies the batch again puts everything where it was put first.
 */
const VERSION = 1;
const FENCE = 1;
const PART = 2;
export const ENTRY_HEADER_BYTES = 28;
const PAIR_BYTES = 8;

/** Where an operation’s envelopes lie. */
export interface ChunkRange {
  readonly first: number;
  readonly last: number;
}

export interface EntryHead {
  readonly isFence: boolean;
  readonly isLast: boolean;
  readonly part: number;
  readonly epoch: number;
  readonly number: number;
}

export interface BatchName {
  readonly epoch: number;
  readonly number: number;
}

/** An owner’s first entry. */
export function fenceEntry(epoch: number): Buffer {
  const entry = Buffer.alloc(ENTRY_HEADER_BYTES);
  writeHead(entry, { isFence: true, isLast: true, part: 0, epoch, number: 0 }, 0);
  return entry;
}

/**
 * The entries of a batch, as many as it takes. `rangeOf` is asked once for each operation on an inbox, in their order.
 * @throws IrisError STORE_FAILED for an operation that no entry can hold
 */
export function batchEntries(
  batch: LogBatch,
  { epoch, number }: BatchName,
  { entryBytesMax, rangeOf }: { entryBytesMax: number; rangeOf: (operation: OperationReader) => ChunkRange | undefined },
): Buffer[] {
  const parts = [newPart(RECORD_HEADER_BYTES)];
  const reader = new OperationReader();
  reader.begin(batch.bytes, 0, batch.length);
  while (reader.next()) {
    const start = reader.keyStart - OPERATION_HEADER_BYTES;
    const end = reader.bodyStart + reader.bodyLength;
    const range = rangeOf(reader);
    const length = end - start + (range === undefined ? 0 : PAIR_BYTES);
    if (ENTRY_HEADER_BYTES + length > entryBytesMax) throw tooLong(length, entryBytesMax);
    let part = parts.at(-1) as Part;
    if (ENTRY_HEADER_BYTES + part.length + length > entryBytesMax) {
      part = newPart(start);
      parts.push(part);
    }
    part.end = end;
    part.length += length;
    if (range !== undefined) part.ranges.push(range);
  }
  return parts.map((part, i) => {
    const entry = Buffer.allocUnsafe(ENTRY_HEADER_BYTES + part.length);
    writeHead(entry, { isFence: false, isLast: i === parts.length - 1, part: i, epoch, number }, part.ranges.length);
    let at = ENTRY_HEADER_BYTES;
    for (const { first, last } of part.ranges) {
      at = entry.writeUInt32LE(first, at);
      at = entry.writeUInt32LE(last, at);
    }
    batch.bytes.copy(entry, at, part.start, part.end);
    return entry;
  });
}

/** @throws IrisError STORE_FAILED for what is no entry of this version */
export function readHead(entry: Buffer): EntryHead {
  if (entry.length < ENTRY_HEADER_BYTES || entry[0] !== VERSION || (entry[1] !== FENCE && entry[1] !== PART)) {
    throw new IrisError('STORE_FAILED', `the log holds an entry of ${entry.length} bytes that this release does not know`);
  }
  return {
    isFence: entry[1] === FENCE,
    isLast: entry[2] === 1,
    part: entry.readUInt32LE(4),
    epoch: readNumber(entry, 12),
    number: readNumber(entry, 20),
  };
}

/** Walks over the operations of an entry; `range` is that of the operation’s envelopes, where it concerns an inbox. */
export class EntryReader {
  readonly operation = new OperationReader();
  private entry: Buffer = Buffer.alloc(0);
  private pairAt = 0;

  begin(entry: Buffer): void {
    this.entry = entry;
    this.pairAt = ENTRY_HEADER_BYTES;
    const start = ENTRY_HEADER_BYTES + PAIR_BYTES * entry.readUInt32LE(8);
    this.operation.begin(entry, start - RECORD_HEADER_BYTES, entry.length);
  }

  next(): boolean {
    return this.operation.next();
  }

  /** To be asked for once for each operation on an inbox. */
  nextRange(): ChunkRange {
    const at = this.pairAt;
    this.pairAt += PAIR_BYTES;
    return { first: this.entry.readUInt32LE(at), last: this.entry.readUInt32LE(at + 4) };
  }
}

/** Operations that go into one entry. */
interface Part {
  readonly start: number;
  end: number;
  /** With the pairs. */
  length: number;
  readonly ranges: ChunkRange[];
}

function newPart(start: number): Part {
  return { start, end: start, length: 0, ranges: [] };
}

function writeHead(entry: Buffer, head: EntryHead, pairs: number): void {
  entry[0] = VERSION;
  entry[1] = head.isFence ? FENCE : PART;
  entry[2] = Number(head.isLast);
  entry[3] = 0;
  entry.writeUInt32LE(head.part, 4);
  entry.writeUInt32LE(pairs, 8);
  writeNumber(entry, head.epoch, 12);
  writeNumber(entry, head.number, 20);
}

function tooLong(length: number, entryBytesMax: number): IrisError {
  return new IrisError('STORE_FAILED', `a change of ${length} bytes is longer than an entry of the log, ${entryBytesMax}`);
}
