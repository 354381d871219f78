import { crc32 } from 'node:zlib';
import { DEDUP_WINDOW_MS } from '../contract/limits.ts';
import {
  OUTGOING_CHUNK_POSITIONS,
  ROWS_BATCH_BYTES_MAX,
  ROWS_BATCH_CHANGES_MAX,
  ROWS_EXPIRY_SLACK_MS,
  ROWS_PARTS,
} from '../contract/limits-store.ts';
import type { InboxKey, InboxSummary, RowChange } from '../ports/group-rows.ts';
import type { StoredMark } from '../ports/inbox-store.ts';
import { envelopeSequence } from '../wire/envelope.ts';
import type { CqlStatement } from './cql-session.ts';

/** Bytes that a change takes beside its value: keys, numbers and frame. */
const CHANGE_BYTES = 120;
const HOLE_BYTES = 16;
/** Twenty years: no row may be told to live longer. */
const LONGEST_SECONDS = 630_720_000;

const PUT = 'INSERT INTO inbox (grp, user, bucket, chunk, position, envelope, bytes, messages) VALUES (?, ?, ?, ?, ?, ?, ?, ?) USING TTL ?';
const REMOVE = 'DELETE FROM inbox WHERE grp = ? AND user = ? AND bucket = ? AND chunk = ? AND position = ?';
const TRIM = 'DELETE FROM inbox WHERE grp = ? AND user = ? AND bucket = ? AND chunk = ? AND position < ?';
const READ = 'UPDATE inbox USING TTL ? SET first_index = ? WHERE grp = ? AND user = ? AND bucket = ? AND chunk = ? AND position = ?';
const SUMMARY = `INSERT INTO summaries (grp, part, user, bucket, envelopes, bytes, first_position, last_position, first_chunk, last_chunk, last_chunk_bytes, number)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const NO_SUMMARY = 'DELETE FROM summaries WHERE grp = ? AND part = ? AND user = ? AND bucket = ?';
const SEND = 'INSERT INTO outgoing (grp, to_grp, chunk, position, envelope, bytes) VALUES (?, ?, ?, ?, ?, ?) USING TTL ?';
const SENT = 'DELETE FROM outgoing WHERE grp = ? AND to_grp = ? AND chunk = ? AND position = ?';
const MARK = 'INSERT INTO marks (grp, part, key, high, holes, time_ms) VALUES (?, ?, ?, ?, ?, ?) USING TTL ?';
const PARK = 'INSERT INTO parked (grp, part, parked_ms, key, sequence, envelope) VALUES (?, ?, ?, ?, ?, ?)';
const UNPARK = 'DELETE FROM parked WHERE grp = ? AND part = ? AND parked_ms = ? AND key = ? AND sequence = ?';
const SEEN = 'INSERT INTO last_seen (grp, part, user, seconds) VALUES (?, ?, ?, ?)';
const RECORD = 'INSERT INTO records (grp, kind, part, user, value) VALUES (?, ?, ?, ?, ?)';
const NO_RECORD = 'DELETE FROM records WHERE grp = ? AND kind = ? AND part = ? AND user = ?';

/** Statements to one partition, to be sent as one. */
export interface PartitionWrite {
  readonly statements: CqlStatement[];
  bytes: number;
}

export interface RowLifetimes {
  readonly inboxRetentionMs: number;
  readonly outboxRetentionMs: number;
}

/** Which chunk of what goes to a group a position lies in. */
export function outgoingChunk(position: number): number {
  return Math.floor(position / OUTGOING_CHUNK_POSITIONS);
}

/** Which part of what a group knows of users or senders a key belongs to. */
export function partOf(key: Buffer): number {
  return crc32(key) % ROWS_PARTS;
}

/** One row as it is to be: where it lies, how it is written. */
interface RowWrite extends CqlStatement {
  readonly partition: string;
  readonly bytes: number;
}

/** Makes statements of changes: of each row the last counts, and those of one partition go together. */
export class RowWriter {
  private readonly group: string;
  private readonly inboxSeconds: number;
  private readonly outboxSeconds: number;
  private readonly markSeconds: number;

  constructor(group: string, { inboxRetentionMs, outboxRetentionMs }: RowLifetimes) {
    this.group = group;
    this.inboxSeconds = secondsOf(inboxRetentionMs);
    this.outboxSeconds = secondsOf(outboxRetentionMs);
    this.markSeconds = secondsOf(DEDUP_WINDOW_MS);
  }

  writes(changes: readonly RowChange[]): PartitionWrite[] {
    const rows = new Map<string, RowWrite>();
    for (const change of changes) this.add(rows, change);
    const open = new Map<string, PartitionWrite>();
    const writes: PartitionWrite[] = [];
    for (const { partition, query, params, bytes } of rows.values()) {
      let write = open.get(partition);
      if (write === undefined || write.bytes + bytes > ROWS_BATCH_BYTES_MAX || write.statements.length >= ROWS_BATCH_CHANGES_MAX) {
        write = { statements: [], bytes: 0 };
        open.set(partition, write);
        writes.push(write);
      }
      write.statements.push({ query, params });
      write.bytes += bytes;
    }
    return writes;
  }

  private add(rows: Map<string, RowWrite>, change: RowChange): void {
    switch (change.kind) {
      case 'envelope':
        this.addEnvelope(rows, change);
        break;
      case 'no-envelope':
        this.addInbox(rows, change, { what: `${change.position}`, query: REMOVE, tail: [change.position] });
        break;
      case 'trim':
        for (let chunk = change.firstChunk; chunk <= change.chunk; chunk++) {
          this.addInbox(rows, { inbox: change.inbox, chunk }, { what: 'trim', query: TRIM, tail: [change.position] });
        }
        break;
      case 'read':
        this.addInbox(rows, change, {
          what: `read ${change.position}`,
          query: READ,
          head: [this.inboxSeconds, change.index + 1],
          tail: [change.position],
        });
        break;
      case 'summary':
        this.addSummary(rows, change.summary);
        break;
      case 'outgoing':
      case 'no-outgoing':
        this.addOutgoing(rows, change);
        break;
      case 'mark':
        this.addMark(rows, change);
        break;
      case 'parked':
      case 'not-parked':
        this.addParked(rows, change);
        break;
      default:
        this.addOfUser(rows, change);
    }
  }

  private addEnvelope(rows: Map<string, RowWrite>, change: Extract<RowChange, { kind: 'envelope' }>): void {
    const { position, envelope, messages } = change;
    const tail = [position, envelope, envelope.length, messages, this.inboxSeconds];
    this.addInbox(rows, change, { what: `${position}`, query: PUT, tail, bytes: envelope.length });
  }

  private addInbox(
    rows: Map<string, RowWrite>,
    { inbox: { user, bucket }, chunk }: { inbox: InboxKey; chunk: number },
    { what, query, head = [], tail, bytes = 0 }: { what: string; query: string; head?: unknown[]; tail: unknown[]; bytes?: number },
  ): void {
    const partition = `i${bucket} ${chunk} ${user.toString('latin1')}`;
    const params = [...head, this.group, user, bucket, chunk, ...tail];
    rows.set(`${what} ${partition}`, { partition, query, params, bytes: bytes + CHANGE_BYTES });
  }

  private addSummary(rows: Map<string, RowWrite>, summary: InboxSummary): void {
    const { user, bucket } = summary;
    const part = partOf(user);
    const key = [this.group, part, user, bucket];
    const { envelopes, bytes, firstPosition, lastPosition, firstChunk, lastChunk, lastChunkBytes, number } = summary;
    const values = [envelopes, bytes, firstPosition, lastPosition, firstChunk, lastChunk, lastChunkBytes, number];
    const isGone = summary.envelopes === 0;
    const row = { partition: `s${part}`, query: isGone ? NO_SUMMARY : SUMMARY, params: isGone ? key : [...key, ...values] };
    rows.set(`s${bucket} ${user.toString('latin1')}`, { ...row, bytes: CHANGE_BYTES });
  }

  private addOutgoing(rows: Map<string, RowWrite>, change: Extract<RowChange, { kind: 'outgoing' | 'no-outgoing' }>): void {
    const { group, position } = change;
    const chunk = outgoingChunk(position);
    const key = [this.group, group, chunk, position];
    const partition = `o${chunk} ${group}`;
    const row =
      change.kind === 'no-outgoing'
        ? { query: SENT, params: key, bytes: CHANGE_BYTES }
        : {
            query: SEND,
            params: [...key, change.envelope, change.envelope.length, this.outboxSeconds],
            bytes: change.envelope.length + CHANGE_BYTES,
          };
    rows.set(`o${position} ${group}`, { partition, ...row });
  }

  private addMark(rows: Map<string, RowWrite>, { key, mark, timeMs }: Extract<RowChange, { kind: 'mark' }>): void {
    const bytes = Buffer.from(key, 'latin1');
    const part = partOf(bytes);
    const params = [this.group, part, bytes, mark.high, holesBlob(mark), timeMs, this.markSeconds];
    rows.set(`m${key}`, { partition: `m${part}`, query: MARK, params, bytes: mark.holes.length * HOLE_BYTES + CHANGE_BYTES });
  }

  private addParked(rows: Map<string, RowWrite>, { kind, parked }: Extract<RowChange, { kind: 'parked' | 'not-parked' }>): void {
    const { markKey, envelope, parkedAtMs } = parked;
    const bytes = Buffer.from(markKey, 'latin1');
    const part = partOf(bytes);
    const sequence = envelopeSequence(envelope);
    const key = [this.group, part, parkedAtMs, bytes, sequence];
    const isKept = kind === 'parked';
    const row = { partition: `p${part}`, query: isKept ? PARK : UNPARK, params: isKept ? [...key, envelope] : key };
    rows.set(`p${parkedAtMs} ${sequence} ${markKey}`, { ...row, bytes: (isKept ? envelope.length : 0) + CHANGE_BYTES });
  }

  private addOfUser(rows: Map<string, RowWrite>, change: Extract<RowChange, { kind: 'seen' | 'record' | 'no-record' }>): void {
    const { user } = change;
    const part = partOf(user);
    const name = user.toString('latin1');
    if (change.kind === 'seen') {
      rows.set(`l${name}`, { partition: `l${part}`, query: SEEN, params: [this.group, part, user, change.seconds], bytes: CHANGE_BYTES });
      return;
    }
    const key = [this.group, change.record, part, user];
    const row =
      change.kind === 'no-record'
        ? { query: NO_RECORD, params: key, bytes: CHANGE_BYTES }
        : { query: RECORD, params: [...key, change.value], bytes: change.value.length + CHANGE_BYTES };
    rows.set(`r${change.record} ${name}`, { partition: `r${change.record} ${part}`, ...row });
  }
}

/** What a mark’s holes are in the store: two numbers of 8 bytes each. */
function holesBlob({ holes }: StoredMark): Buffer {
  const blob = Buffer.allocUnsafe(holes.length * HOLE_BYTES);
  for (const [i, { from, to }] of holes.entries()) {
    blob.writeBigUInt64BE(BigInt(from), i * HOLE_BYTES);
    blob.writeBigUInt64BE(BigInt(to), i * HOLE_BYTES + HOLE_BYTES / 2);
  }
  return blob;
}

export function holesOf(blob: Buffer): StoredMark['holes'] {
  return Array.from({ length: blob.length / HOLE_BYTES }, (_, i) => ({
    from: Number(blob.readBigUInt64BE(i * HOLE_BYTES)),
    to: Number(blob.readBigUInt64BE(i * HOLE_BYTES + HOLE_BYTES / 2)),
  }));
}

/** After so long the store forgets a row by itself; retention, which reports what it takes out, comes before (L4). */
function secondsOf(ms: number): number {
  return Math.min(Math.ceil((ms + ROWS_EXPIRY_SLACK_MS) / 1_000), LONGEST_SECONDS);
}
