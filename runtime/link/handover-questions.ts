import { HANDOVER_QUERIES_MAX, HANDOVER_TIMEOUT_MS } from '../contract/limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { PullAnswer, PullRequest } from '../ports/handover.ts';
import type { ByteReader } from '../wire/byte-reader.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import { decodeHandover, encodePull } from '../wire/link/handover.ts';

/** Questions about users who have moved, on one link; HANDOVER_QUERIES_MAX at a time. */
export class HandoverQuestions {
  private readonly clock: Clock;
  private readonly writer: () => ByteWriter | undefined;
  private readonly waiting = new Map<number, (answer: PullAnswer | undefined) => void>();
  private nextQuery = 1;

  /** `writer` is undefined while the link cannot carry questions. */
  constructor(clock: Clock, writer: () => ByteWriter | undefined) {
    this.clock = clock;
    this.writer = writer;
  }

  /** Undefined when no answer comes within HANDOVER_TIMEOUT_MS. */
  pull(request: PullRequest): Promise<PullAnswer | undefined> {
    const out = this.writer();
    if (out === undefined || this.waiting.size >= HANDOVER_QUERIES_MAX) return Promise.resolve(undefined);
    const query = this.nextQuery++;
    return new Promise((resolve) => {
      const timer = this.clock.after(HANDOVER_TIMEOUT_MS, () => this.settle(query, undefined));
      this.waiting.set(query, (answer) => {
        timer.stop();
        resolve(answer);
      });
      encodePull(out, query, request);
    });
  }

  answered(reader: ByteReader): void {
    const { query, answer } = decodeHandover(reader);
    this.settle(query, answer);
  }

  private settle(query: number, answer: PullAnswer | undefined): void {
    const waiting = this.waiting.get(query);
    this.waiting.delete(query);
    waiting?.(answer);
  }
}
