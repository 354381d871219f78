import { copyFew, type KeyBytes, keyOfText } from '../../contract/key-table.ts';
import type { InboxHandle, RecordKind, StoreBatch, StoredMark, StoredParked } from '../../ports/inbox-store.ts';
import { entriesStart, envelopeCount, envelopeSequence, recipientStart } from '../../wire/envelope.ts';
import { RECORD_HEADER_BYTES, readNumber, setNumber, setWord, writeNumber } from './log-record.ts';

/**
 * Operation => kind:u8 zero:u8 keyLength:u16 count:u16 index:u16 number:u64 bodyLength:u32 key body          (little-endian)
 *
 *   kind     key          number    count     index       body
 *   append   row          position  messages  firstIndex  envelope
 *   remove   row          position
 *   trim     row          position            last index
 *   mark     markKey      high                            timeMs:u64 (from:u64 to:u64)*
 *   seen     user         seconds
 *   reserve               position                        positions below it count as given out
 *   table                 through                         (epoch:u64 number:u64 bytes:u64)*, runs with all marks of records up to it
 *   drop                  segment                         no segment below it is needed
 *
 * A row is an inbox (`i` bucket:u32 user), an outbox (`o` group), one parked envelope (`w` parkedAtMs:u64 markKey, position its sequence)
 * or a record of a user (`r` kind:u8 user, position RECORD_POSITION, its value in the place of the envelope).
 */
export const Kind = { append: 1, remove: 2, trim: 3, mark: 4, seen: 5, reserve: 6, table: 7, drop: 8 } as const;

export const INBOX_ROW = 0x69;
export const OUTBOX_ROW = 0x6f;
export const PARKED_ROW = 0x77;
export const RECORD_ROW = 0x72;
/** A record replaces the one before it, so all stand at one position. */
export const RECORD_POSITION = 1;

export const OPERATION_HEADER_BYTES = 20;
/** Of a cursor behind all messages of an envelope. */
const INDEX_END = 0xffff;
const FIRST_CAPACITY = 65_536;
const NOTHING = Buffer.alloc(0);
const NO_HOLES: StoredMark['holes'] = [];

/** The row of an inbox, one byte a character. */
export function inboxRow(user: Buffer, bucket: number): string {
  return `i${numberText(bucket, 4)}${user.toString('latin1')}`;
}

/** Whose inbox a row is, one byte a character, and of which bucket. */
export function inboxPartsOf(row: string): [user: string, bucket: number] {
  return [row.slice(5), Buffer.from(row.slice(1, 5), 'latin1').readUInt32LE()];
}

/** The row of an outbox, one byte a character. */
export function outboxRow(group: string): string {
  return `o${Buffer.from(group, 'utf8').toString('latin1')}`;
}

/** The group an outbox row belongs to. */
export function groupOfRow(row: string): string {
  return Buffer.from(row, 'latin1').toString('utf8', 1);
}

/** What a parked envelope’s row says of it. */
export function parkedPartsOf(row: string): { parkedAtMs: number; markKey: string } {
  return { parkedAtMs: readNumber(Buffer.from(row.slice(1, 9), 'latin1'), 0), markKey: row.slice(9) };
}

/** The row of a user’s record, one byte a character. */
export function recordRow(kind: RecordKind, user: Buffer): string {
  return `${recordRows(kind)}${user.toString('latin1')}`;
}

/** What all rows of one kind of record begin with. */
export function recordRows(kind: RecordKind): string {
  return String.fromCharCode(RECORD_ROW, kind);
}

/** The user a record’s row belongs to. */
export function userOfRecord(row: string): Buffer {
  return Buffer.from(row.slice(2), 'latin1');
}

/** A commit in the making: each change is encoded where it will stand in the log, behind room for the record’s header. */
export class LogBatch implements StoreBatch {
  bytes: Buffer;
  length = RECORD_HEADER_BYTES;
  /** Hashes of its marks’ keys, in their order, so that who applies it does not hash them again. */
  readonly markHashes: number[] = [];
  /** Inboxes of what it appends, in its order, where they are known: who applies it need not look for them. */
  readonly handles: (InboxHandle | undefined)[] = [];
  /** Envelopes it adds: refused when the store is full, whereas what only removes is always taken. */
  appends = 0;

  constructor(spare?: Buffer) {
    this.bytes = spare ?? Buffer.allocUnsafeSlow(FIRST_CAPACITY);
  }

  get isEmpty(): boolean {
    return this.length === RECORD_HEADER_BYTES;
  }

  appendInbox(user: Buffer, bucket: number, position: number, envelope: Buffer): void {
    this.appends++;
    const key = this.begin(Kind.append, 5 + user.length, position, envelope.length, envelopeCount(envelope));
    this.handles.push(undefined);
    this.inboxKey(key, user, bucket);
    this.bytes.set(envelope, key + 5 + user.length);
  }

  appendToRecipient(position: number, envelope: Buffer, handle?: InboxHandle): void {
    this.appends++;
    const start = recipientStart(envelope);
    const end = entriesStart(envelope);
    const key = this.begin(Kind.append, 5 + end - start, position, envelope.length, envelopeCount(envelope));
    this.handles.push(handle);
    this.bytes[key] = INBOX_ROW;
    this.bytes[key + 1] = 0;
    this.bytes[key + 2] = 0;
    this.bytes[key + 3] = 0;
    this.bytes[key + 4] = 0;
    copyFew(envelope, start, end, this.bytes, key + 5);
    this.bytes.set(envelope, key + 5 + end - start);
  }

  appendOutbox(group: string, position: number, envelope: Buffer): void {
    this.append(outboxRow(group), position, envelope, 0);
  }

  /** Writes an envelope again as it stands in another segment, with what is acknowledged of it. */
  append(row: string, position: number, envelope: Buffer, firstIndex: number): void {
    const isRecord = row.charCodeAt(0) === RECORD_ROW;
    // What is known of users is let in where messages are refused: a full store must still be able to spread.
    if (!isRecord) this.appends++;
    const key = this.begin(Kind.append, row.length, position, envelope.length, isRecord ? 1 : envelopeCount(envelope), firstIndex);
    this.handles.push(undefined);
    this.bytes.write(row, key, 'latin1');
    this.bytes.set(envelope, key + row.length);
  }

  mark(key: string, mark: StoredMark, nowMs: number): void {
    this.markRow(keyOfText(key), mark.high, mark.holes, nowMs);
  }

  markRow({ bytes, start, end, hash }: KeyBytes, high: number, holes: StoredMark['holes'], nowMs: number): void {
    this.markHashes.push(hash);
    const at = this.begin(Kind.mark, end - start, high, 8 + 16 * holes.length);
    copyFew(bytes, start, end, this.bytes, at);
    const body = at + end - start;
    setNumber(this.bytes, nowMs, body);
    if (holes.length === 0) return;
    holes.forEach(({ from, to }, i) => {
      writeNumber(this.bytes, from, body + 8 + 16 * i);
      writeNumber(this.bytes, to, body + 16 + 16 * i);
    });
  }

  park(parked: StoredParked): void {
    this.append(parkedRow(parked), envelopeSequence(parked.envelope), parked.envelope, 0);
  }

  unpark(parked: StoredParked): void {
    this.remove(parkedRow(parked), envelopeSequence(parked.envelope));
  }

  removeInbox(user: Buffer, bucket: number, position: number): void {
    this.inboxKey(this.begin(Kind.remove, 5 + user.length, position, 0), user, bucket);
  }

  trimInbox(user: Buffer, bucket: number, cursor: { position: number; index: number }): void {
    this.inboxKey(this.begin(Kind.trim, 5 + user.length, cursor.position, 0, 0, cursor.index), user, bucket);
  }

  removeOutbox(group: string, position: number): void {
    this.remove(outboxRow(group), position);
  }

  setLastSeen(user: Buffer, seconds: number): void {
    const key = this.begin(Kind.seen, user.length, seconds, 0);
    this.bytes.set(user, key);
  }

  setRecord(kind: RecordKind, user: Buffer, value: Buffer): void {
    this.append(recordRow(kind, user), RECORD_POSITION, value, 0);
  }

  removeRecord(kind: RecordKind, user: Buffer): void {
    this.remove(recordRow(kind, user), RECORD_POSITION);
  }

  reservePositions(position: number): void {
    this.begin(Kind.reserve, 0, position, 0);
  }

  /** Says which runs of marks count from now on. */
  switchTable(through: number, body: Buffer): void {
    const at = this.begin(Kind.table, 0, through, body.length);
    this.bytes.set(body, at);
  }

  dropSegments(below: number): void {
    this.begin(Kind.drop, 0, below, 0);
  }

  private remove(row: string, position: number): void {
    const key = this.begin(Kind.remove, row.length, position, 0);
    this.bytes.write(row, key, 'latin1');
  }

  private inboxKey(at: number, user: Buffer, bucket: number): void {
    this.bytes[at] = INBOX_ROW;
    this.bytes.writeUInt32LE(bucket, at + 1);
    this.bytes.set(user, at + 5);
  }

  /** Writes an operation’s header and makes room for its key and body; returns where the key begins. `bytes` may be another buffer after it. */
  private begin(kind: number, keyLength: number, number: number, bodyLength: number, count = 0, index = 0): number {
    const at = this.length;
    const end = at + OPERATION_HEADER_BYTES + keyLength + bodyLength;
    if (end > this.bytes.length) this.grow(end);
    const { bytes } = this;
    // Byte by byte: twice for each message, and checked by who made the numbers.
    bytes[at] = kind;
    bytes[at + 1] = 0;
    bytes[at + 2] = keyLength;
    bytes[at + 3] = keyLength >>> 8;
    bytes[at + 4] = count;
    bytes[at + 5] = count >>> 8;
    bytes[at + 6] = index;
    bytes[at + 7] = index >>> 8;
    setNumber(bytes, number, at + 8);
    setWord(bytes, bodyLength, at + 16);
    this.length = end;
    return at + OPERATION_HEADER_BYTES;
  }

  private grow(needed: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.bytes.length));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }
}

/** Walks over the operations of an intact record. The fields are those of the operation that `next` has stepped on. */
export class OperationReader {
  kind = 0;
  count = 0;
  index = 0;
  number = 0;
  bodyStart = 0;
  bodyLength = 0;
  bytes: Buffer = NOTHING;
  keyStart = 0;
  private end = 0;

  /** Starts before the first operation of the record `bytes[start … end)`. */
  begin(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes;
    this.bodyStart = start + RECORD_HEADER_BYTES;
    this.bodyLength = 0;
    this.end = end;
  }

  next(): boolean {
    const at = this.bodyStart + this.bodyLength;
    const { bytes } = this;
    if (at >= this.end) return false;
    this.kind = bytes[at] as number;
    this.count = bytes.readUInt16LE(at + 4);
    this.index = bytes.readUInt16LE(at + 6);
    this.number = readNumber(bytes, at + 8);
    this.bodyLength = bytes.readUInt32LE(at + 16);
    this.keyStart = at + OPERATION_HEADER_BYTES;
    this.bodyStart = this.keyStart + bytes.readUInt16LE(at + 2);
    return true;
  }

  /** Of a trim: makes it end at `position` when it goes further, with all of the envelope there. */
  endTrimAt(position: number): void {
    if (this.number <= position) return;
    const at = this.keyStart - OPERATION_HEADER_BYTES;
    this.bytes.writeUInt16LE(INDEX_END, at + 6);
    writeNumber(this.bytes, position, at + 8);
  }

  /** One byte a character. */
  get key(): string {
    return this.bytes.toString('latin1', this.keyStart, this.bodyStart);
  }

  get body(): Buffer {
    return this.bytes.subarray(this.bodyStart, this.bodyStart + this.bodyLength);
  }

  get markTimeMs(): number {
    return readNumber(this.bytes, this.bodyStart);
  }

  get markHoles(): StoredMark['holes'] {
    if (this.bodyLength === 8) return NO_HOLES;
    return Array.from({ length: (this.bodyLength - 8) / 16 }, (_, i) => {
      const at = this.bodyStart + 8 + 16 * i;
      return { from: readNumber(this.bytes, at), to: readNumber(this.bytes, at + 8) };
    });
  }
}

/** The row of a parked envelope, one byte a character. */
export function parkedRow({ parkedAtMs, markKey }: StoredParked): string {
  return `w${numberText(parkedAtMs, 8)}${markKey}`;
}

function numberText(value: number, bytes: 4 | 8): string {
  const text = Buffer.alloc(8);
  writeNumber(text, value, 0);
  return text.toString('latin1', 0, bytes);
}
