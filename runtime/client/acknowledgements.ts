import { generationOf } from '../contract/bucket-name.ts';
import type { Clock } from '../ports/clock.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import { encodeAck } from '../wire/v2/ack.ts';
import type { Cursor } from '../wire/v2/cursor.ts';

/**
 * Cursors on their way to the server, the latest of each bucket, written together once a turn. Where there is no connection they wait for its
 * login: that one’s HELLO may have been written before they moved.
 */
export class Acknowledgements {
  private readonly clock: Clock;
  /** Over the connection that reads the bucket; undefined while that has none. */
  private readonly writerOf: (bucket: number) => ByteWriter | undefined;
  private readonly waiting = new Map<number, Cursor>();
  private isComing = false;

  constructor(clock: Clock, writerOf: (bucket: number) => ByteWriter | undefined) {
    this.clock = clock;
    this.writerOf = writerOf;
  }

  moved(cursor: Cursor): void {
    this.waiting.set(cursor.bucket, cursor);
    if (this.isComing) return;
    this.isComing = true;
    this.clock.soon(() => {
      this.isComing = false;
      this.flush();
    });
  }

  flush(): void {
    for (const cursor of this.waiting.values()) if (this.say(cursor)) this.waiting.delete(cursor.bucket);
  }

  /** At once; false where there is no connection. */
  say(cursor: Cursor): boolean {
    const out = this.writerOf(cursor.bucket);
    if (out !== undefined) encodeAck(out, cursor);
    return out !== undefined;
  }

  /** The generations before this one are over. */
  forgetBefore(generation: number): void {
    for (const bucket of this.waiting.keys()) if (generationOf(bucket) < generation) this.waiting.delete(bucket);
  }
}
