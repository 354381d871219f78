import { STATUS_QUERIES_MAX, STATUS_TIMEOUT_MS } from '../contract/limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { UserStatus } from '../ports/inbox-feed.ts';
import type { ByteReader } from '../wire/byte-reader.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import { decodeStatus, encodeStatusQuery } from '../wire/link/status.ts';

/** Questions to one owner whether its users are online. */
export class StatusQueries {
  private readonly clock: Clock;
  private readonly writer: () => ByteWriter | undefined;
  private readonly open = new Map<number, (status: UserStatus) => void>();
  private last = 0;

  /** `writer` is undefined while the link is down. */
  constructor(clock: Clock, writer: () => ByteWriter | undefined) {
    this.clock = clock;
    this.writer = writer;
  }

  /** Undefined when the owner cannot be asked or does not answer within STATUS_TIMEOUT_MS. */
  ask(user: Buffer): Promise<UserStatus | undefined> {
    const out = this.open.size >= STATUS_QUERIES_MAX ? undefined : this.writer();
    if (out === undefined) return Promise.resolve(undefined);
    this.last = (this.last + 1) >>> 0;
    const query = this.last;
    return new Promise((resolve) => {
      const timer = this.clock.after(STATUS_TIMEOUT_MS, () => {
        this.open.delete(query);
        resolve(undefined);
      });
      this.open.set(query, (status) => {
        timer.stop();
        resolve(status);
      });
      encodeStatusQuery(out, query, user);
    });
  }

  answered(reader: ByteReader): void {
    const status = decodeStatus(reader);
    const answer = this.open.get(status.query);
    this.open.delete(status.query);
    answer?.(status);
  }
}
