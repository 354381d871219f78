import { IrisError } from '../../contract/errors.ts';
import { LOG_PRODUCER_ENTRIES_MAX, LOG_RETRY_MS } from '../../contract/limits.ts';
import type { Clock } from '../../ports/clock.ts';
import { withDeadline } from './deadline.ts';
import type { KafkaDriver } from './kafka-driver.ts';
import { isUnknownTopic, kafkaError } from './kafka-error.ts';

type Producer = import('@platformatic/kafka').Producer<Buffer, Buffer, Buffer, Buffer>;

/** An entry that only takes an offset; by its identity, not by its bytes. */
export const BARRIER = Buffer.alloc(0);
/** Key of a barrier’s record; entries have none. */
const BARRIER_KEY = Buffer.from('barrier');

/** A log’s topic, and who is asked for it. */
export interface TopicPlace {
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly clock: Clock;
  /** Milliseconds after which something that does not get on has failed. */
  readonly timeoutMs: number;
}

/**
 * Sends parts to the one partition of a topic, each as one record batch: all of it stands in the log, or nothing. The driver tries again under the same sequence
 * number, so that a lost answer doubles nothing. After a part that failed, and after LOG_PRODUCER_ENTRIES_MAX entries, it begins with a new
 * producer: an old one might still send what its caller was told has failed.
 */
export class LogProducer {
  private readonly kafka: KafkaDriver;
  private readonly place: TopicPlace;
  private readonly retries: { value: number };
  private producer: Producer | undefined;
  private entriesLeft = 0;
  /** Of the newest try that failed. */
  private failure: unknown;
  private giveUp: (error: IrisError) => void = () => undefined;

  /** @param retries counts tries after the first */
  constructor(kafka: KafkaDriver, place: TopicPlace, retries: { value: number }) {
    this.kafka = kafka;
    this.place = place;
    this.retries = retries;
  }

  /** Resolves to the offset of the last entry when all copies in sync have them. @throws IrisError ENGINE_UNAVAILABLE, ENGINE_INVALID */
  async send(part: readonly Buffer[]): Promise<number> {
    const { clock, timeoutMs } = this.place;
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    for (;;) {
      try {
        return await this.sendWithin(part, deadlineMs - clock.monotonicMs());
      } catch (error) {
        // Not waited for: a broker that stands still keeps a socket open until its request times out.
        void this.discard();
        // A topic that was just made is not known to every broker at once, for which the driver does not wait.
        if (!isUnknownTopic(error) || clock.monotonicMs() >= deadlineMs) throw kafkaError(error, this.place);
      }
      await new Promise<void>((resolve) => void clock.after(LOG_RETRY_MS, resolve));
    }
  }

  private async sendWithin(part: readonly Buffer[], ms: number): Promise<number> {
    const producer = await this.current(part.length);
    const { topic, clock } = this.place;
    const messages = part.map((value) => ({ topic, partition: 0, value, ...(value === BARRIER && { key: BARRIER_KEY }) }));
    this.failure = undefined;
    const { promise: givenUp, reject } = Promise.withResolvers<never>();
    this.giveUp = reject;
    const sent = Promise.race([producer.send({ messages }), givenUp]);
    const { offsets } = await withDeadline(sent, { clock, ms, late: () => this.tooLate() });
    const first = offsets?.[0]?.offset;
    if (first === undefined) throw new IrisError('ENGINE_UNAVAILABLE', `kafka gave no offset in topic ${topic}`);
    return Number(first) + part.length - 1;
  }

  /** Ends what is under way. */
  async discard(): Promise<void> {
    const { producer } = this;
    this.producer = undefined;
    // What it has to say of its end is of no use: the part has failed, or nobody waits for one.
    await producer?.close(true).catch(() => undefined);
  }

  private async current(count: number): Promise<Producer> {
    this.entriesLeft -= count;
    if (this.entriesLeft < 0) await this.discard();
    if (this.producer !== undefined) return this.producer;
    const { driver, options } = this.kafka;
    this.entriesLeft = LOG_PRODUCER_ENTRIES_MAX - count;
    const retryDelay = (_client: object, _operation: string, _attempt: number, _retries: number, error: Error): number =>
      this.onRetry(error);
    this.producer = new driver.Producer<Buffer, Buffer, Buffer, Buffer>({ ...options, retryDelay, idempotent: true });
    return this.producer;
  }

  private onRetry(error: Error): number {
    this.retries.value++;
    this.failure = error;
    const told = kafkaError(error, this.place);
    if (told.code === 'ENGINE_INVALID' && !isUnknownTopic(error)) this.giveUp(told);
    return LOG_RETRY_MS;
  }

  private tooLate(): IrisError {
    return kafkaError(this.failure ?? new Error(`no answer within ${this.place.timeoutMs} ms`), this.place);
  }
}

/** Whether a record is an entry, and no barrier. */
export function isEntry(key: Buffer | null | undefined): boolean {
  return key === null || key === undefined || key.length === 0;
}
