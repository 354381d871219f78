import { BUCKET_QUERIES_MAX, BUCKET_QUERY_TIMEOUT_MS } from '../contract/limits.ts';
import type { BucketReport, MarkQuestion } from '../ports/bucket-owners.ts';
import type { Clock } from '../ports/clock.ts';
import type { AudienceAnswer, AudienceChange, Reading } from '../ports/inbox-feed.ts';
import type { StoredMark } from '../ports/inbox-store.ts';
import type { ByteReader } from '../wire/byte-reader.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import { AUDIENCE_LINK_VERSION, decodeLinkAudienceAnswer, encodeLinkAudience } from '../wire/link/audience.ts';
import { BUCKETS_VERSION, decodeMarks, decodeSealed, encodeMarkQuery, encodeSeal } from '../wire/link/buckets.ts';
import { decodeReading, encodeReadingQuery, READING_VERSION } from '../wire/link/reading.ts';

/** Questions to one owner that wait for their answer; whoever gets none in time hears undefined. */
export class BucketQuestions {
  private readonly clock: Clock;
  /** Undefined while the owner cannot be asked: the link is down, or of an older version. */
  private readonly writerOf: (version: number) => ByteWriter | undefined;
  private readonly open = new Map<number, (reader: ByteReader) => void>();
  private lastQuery = 0;

  constructor(clock: Clock, writerOf: (version: number) => ByteWriter | undefined) {
    this.clock = clock;
    this.writerOf = writerOf;
  }

  bucket(inbox: Buffer, { seal }: { seal: boolean }): Promise<BucketReport | undefined> {
    return this.ask((out, query) => encodeSeal(out, { query, seal, inbox }), decodeSealed);
  }

  finalMarks(question: MarkQuestion): Promise<(StoredMark | undefined)[] | undefined> {
    return this.ask((out, query) => encodeMarkQuery(out, { query, ...question }), decodeMarks);
  }

  async reading(user: Buffer, loginStamp: number): Promise<Reading | 'other' | 'unknown' | undefined> {
    if (this.writerOf(BUCKETS_VERSION) !== undefined && this.writerOf(READING_VERSION) === undefined) return 'unknown';
    const encode = (out: ByteWriter, query: number) => encodeReadingQuery(out, { query, loginStamp, user });
    const reading = await this.ask(encode, decodeReading, READING_VERSION);
    return reading?.layout.generations.length === 0 ? 'other' : reading;
  }

  audience(user: Buffer, change: AudienceChange | undefined): Promise<AudienceAnswer | undefined> {
    const encode = (out: ByteWriter, query: number) => encodeLinkAudience(out, { query, user, change });
    return this.ask(encode, decodeLinkAudienceAnswer, AUDIENCE_LINK_VERSION);
  }

  /** The query number stands first in every answer. */
  answered(reader: ByteReader): void {
    const query = reader.u32();
    const answer = this.open.get(query);
    this.open.delete(query);
    answer?.(reader);
  }

  private ask<T>(
    encode: (out: ByteWriter, query: number) => void,
    decode: (reader: ByteReader) => T,
    version = BUCKETS_VERSION,
  ): Promise<T | undefined> {
    const out = this.writerOf(version);
    if (out === undefined || this.open.size >= BUCKET_QUERIES_MAX) return Promise.resolve(undefined);
    this.lastQuery = (this.lastQuery + 1) % 0x1_0000_0000;
    const query = this.lastQuery;
    return new Promise((resolve) => {
      const timer = this.clock.after(BUCKET_QUERY_TIMEOUT_MS, () => {
        this.open.delete(query);
        resolve(undefined);
      });
      this.open.set(query, (reader) => {
        // Where the answer cannot be read, who asked hears undefined in time.
        const answer = decode(reader);
        timer.stop();
        resolve(answer);
      });
      encode(out, query);
    });
  }
}
