/**
 * Keys of the embedded store. Names carry their length, so that no name’s range holds another’s; numbers are big-endian, so that byte
 * order is log order.
 *
 *   i user bucket position  → envelope                        an inbox
 *   p user bucket position  → index:u16                       messages up to it are acknowledged
 *   o group position        → envelope                        an outbox to a group of another region
 *   s markKey               → high:u64 timeMs:u64 (from:u64 to:u64)*   a sender’s sequences to a recipient
 *   w timeMs sequence markKey → envelope                      an envelope that waits for its predecessor
 *   l user                  → seconds:u64                     when the user’s last session ended
 *   r kind:u8 user          → value                           a record of a user
 *   m name                  → u64                             about the store itself
 */
const INBOX = 0x69;
const PARTIAL = 0x70;
const OUTBOX = 0x6f;
const MARK = 0x73;
const PARKED = 0x77;
const LAST_SEEN = 0x6c;
const META = 0x6d;
const RECORD = 0x72;

export const POSITION_BYTES = 8;
/** Above every position. */
export const POSITION_END = Number.MAX_SAFE_INTEGER;

export function inboxKey(user: Uint8Array, bucket: number, position: number): Buffer {
  return numbered(INBOX, user, bucket, position);
}

export function partialKey(user: Uint8Array, bucket: number, position: number): Buffer {
  return numbered(PARTIAL, user, bucket, position);
}

export function outboxKey(group: string, position: number): Buffer {
  const name = Buffer.from(group, 'utf8');
  const key = Buffer.allocUnsafe(3 + name.length + POSITION_BYTES);
  key[0] = OUTBOX;
  key.writeUInt16BE(name.length, 1);
  name.copy(key, 3);
  writePosition(key, 3 + name.length, position);
  return key;
}

/** The group an outbox key belongs to. */
export function groupOf(key: Buffer): string {
  return key.toString('utf8', 3, 3 + key.readUInt16BE(1));
}

export const outboxRange = { gte: Buffer.of(OUTBOX), lt: Buffer.of(OUTBOX + 1) };
export const parkedRange = { gte: Buffer.of(PARKED), lt: Buffer.of(PARKED + 1) };
export const inboxRange = { gte: Buffer.of(INBOX), lt: Buffer.of(INBOX + 1) };
export const lastSeenRange = { gte: Buffer.of(LAST_SEEN), lt: Buffer.of(LAST_SEEN + 1) };
export const markRange = { gte: Buffer.of(MARK), lt: Buffer.of(MARK + 1) };

/** Whose inbox a key belongs to, one byte a character. */
export function inboxPartsOf(key: Buffer): { user: string; bucket: number } {
  const end = 3 + key.readUInt16BE(1);
  return { user: key.toString('latin1', 3, end), bucket: key.readUInt32BE(end) };
}

/** `markKey` is one byte a character. */
export function markKey(key: string): Buffer {
  const bytes = Buffer.allocUnsafe(1 + key.length);
  bytes[0] = MARK;
  bytes.write(key, 1, 'latin1');
  return bytes;
}

export function parkedKey(parkedAtMs: number, sequence: number, key: string): Buffer {
  return Buffer.concat([Buffer.of(PARKED), numberValue(parkedAtMs, sequence), Buffer.from(key, 'latin1')]);
}

export function parkedPartsOf(key: Buffer): { parkedAtMs: number; markKey: string } {
  return { parkedAtMs: readNumber(key, 1), markKey: key.toString('latin1', 17) };
}

export function lastSeenKey(user: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(LAST_SEEN), user]);
}

export function recordKey(kind: number, user: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(RECORD, kind), user]);
}

/** All records of one kind. */
export function recordRange(kind: number): { gte: Buffer; lt: Buffer } {
  return { gte: Buffer.of(RECORD, kind), lt: Buffer.of(RECORD, kind + 1) };
}

/** The user a record’s key belongs to. */
export function userOfRecord(key: Buffer): Buffer {
  return key.subarray(2);
}

export function metaKey(name: string): Buffer {
  return Buffer.concat([Buffer.of(META), Buffer.from(name, 'utf8')]);
}

export function positionOf(key: Buffer): number {
  return readNumber(key, key.length - POSITION_BYTES);
}

export function readNumber(value: Buffer, at: number): number {
  return value.readUInt32BE(at) * 0x1_0000_0000 + value.readUInt32BE(at + 4);
}

export function numberValue(...numbers: number[]): Buffer {
  const value = Buffer.allocUnsafe(numbers.length * 8);
  numbers.forEach((number, i) => {
    writePosition(value, i * 8, number);
  });
  return value;
}

function numbered(kind: number, user: Uint8Array, bucket: number, position: number): Buffer {
  const key = Buffer.allocUnsafe(3 + user.length + 4 + POSITION_BYTES);
  key[0] = kind;
  key.writeUInt16BE(user.length, 1);
  key.set(user, 3);
  key.writeUInt32BE(bucket, 3 + user.length);
  writePosition(key, 7 + user.length, position);
  return key;
}

function writePosition(target: Buffer, at: number, position: number): void {
  const high = Math.floor(position / 0x1_0000_0000);
  target.writeUInt32BE(high, at);
  target.writeUInt32BE(position - high * 0x1_0000_0000, at + 4);
}
