import { SEQUENCE_RANGES_MAX } from '../contract/limits.ts';
import { type SequenceSet, unite } from '../contract/sequence-set.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import { encodeRead } from '../wire/v2/read.ts';
import type { IrisMessage } from './incoming.ts';

/** Senders’ devices whose messages are told as read again after a reconnect; the oldest give way. */
const ROWS_MAX = 1_000;
/** Ranges of a row: a reader who leaves messages out tells more than one frame holds. */
const RANGES_MAX = 256;

interface Row {
  readonly device: Buffer;
  readonly sender: Buffer;
  sequences: SequenceSet;
}

/** What was read here and is to be told. READ has no answer, so everything is told again on a new connection; telling twice changes nothing. */
export class ReadMarks {
  private readonly rows = new Map<string, Row>();
  private readonly untold = new Set<string>();

  get hasUntold(): boolean {
    return this.untold.size > 0;
  }

  add({ origin, sender, sequence, isFirst }: IrisMessage): void {
    if (!origin.isStatusWanted) return;
    const key = `${origin.device.toString('latin1')}${sender}`;
    const row = this.rows.get(key) ?? { device: origin.device, sender: Buffer.from(sender, 'utf8'), sequences: [] };
    // Numbers between a message and its predecessor belong to other recipients: neighbours in this row make one range.
    const after = isFirst && origin.previous > 0 ? origin.previous : sequence - 1;
    row.sequences = unite(row.sequences, [{ after, through: sequence }], RANGES_MAX);
    this.rows.delete(key);
    this.rows.set(key, row);
    this.untold.add(key);
    if (this.rows.size > ROWS_MAX) this.forgetOldest();
  }

  /** The connection may have lost what was told. */
  repeat(): void {
    for (const key of this.rows.keys()) this.untold.add(key);
  }

  /** Writes rows to each of `outs` until `framesMax` frames are written; returns how many, a few more with a row of many ranges. */
  write(outs: readonly ByteWriter[], framesMax: number): number {
    let written = 0;
    for (const key of this.untold) {
      if (written >= framesMax) break;
      this.untold.delete(key);
      const row = this.rows.get(key);
      if (row === undefined) continue;
      for (let at = 0; at < row.sequences.length; at += SEQUENCE_RANGES_MAX) {
        const sequences = row.sequences.slice(at, at + SEQUENCE_RANGES_MAX);
        for (const out of outs) encodeRead(out, { ...row, sequences });
        written++;
      }
    }
    return written;
  }

  private forgetOldest(): void {
    for (const key of this.rows.keys()) {
      this.rows.delete(key);
      this.untold.delete(key);
      return;
    }
  }
}
