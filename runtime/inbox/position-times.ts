import { POSITION_TIMES_MAX } from '../contract/limits.ts';
import { ByteReader } from '../wire/byte-reader.ts';
import { ByteWriter } from '../wire/byte-writer.ts';

interface PositionTime {
  readonly position: number;
  readonly ms: number;
}

/**
 * When positions were given out, to the hour or so: places in the log with the time at which it had grown to there. Envelopes need no time of
 * their own to be found old, and the sender’s clock has no say.
 */
export class PositionTimes {
  private times: PositionTime[] = [];

  /** Everything below `position` is older than `ms`. A clock that went back is taken as standing. False when the log has not grown. */
  note(position: number, ms: number): boolean {
    const last = this.times.at(-1);
    if (last !== undefined && last.position === position) return false;
    this.times.push({ position, ms: Math.max(ms, last?.ms ?? 0) });
    if (this.times.length > POSITION_TIMES_MAX) this.times = this.times.filter((_, i) => i % 2 === 1);
    return true;
  }

  /** The lowest position that may be younger than `ms`; 0 when nothing is known to be older. */
  firstSince(ms: number): number {
    const after = this.after(ms);
    return after === 0 ? 0 : (this.times[after - 1] as PositionTime).position;
  }

  /** Keeps what `firstSince` needs for this time and later ones. */
  forgetBefore(ms: number): void {
    this.times = this.times.slice(Math.max(0, this.after(ms) - 1));
  }

  private after(ms: number): number {
    let at = 0;
    while (at < this.times.length && (this.times[at] as PositionTime).ms <= ms) at++;
    return at;
  }

  /** Row => (position:u64 ms:u64)* */
  encode(): Buffer {
    const out = new ByteWriter(16 * this.times.length + 16);
    for (const { position, ms } of this.times) {
      out.u64(position);
      out.u64(ms);
    }
    return out.take();
  }

  load(row: Buffer): void {
    const reader = new ByteReader().reset(row, 0, row.length);
    while (reader.remaining > 0) this.times.push({ position: reader.u64(), ms: reader.u64() });
  }
}
