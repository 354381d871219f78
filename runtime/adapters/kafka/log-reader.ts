import { IrisError } from '../../contract/errors.ts';
import { LOG_READ_BYTES_MAX, LOG_RETRY_MS } from '../../contract/limits.ts';
import type { LogEntry } from '../../ports/group-log.ts';
import type { KafkaDriver } from './kafka-driver.ts';
import { hasApiError, isUnknownTopic, kafkaError } from './kafka-error.ts';
import { isEntry, type TopicPlace } from './log-producer.ts';

type Consumer = import('@platformatic/kafka').Consumer<Buffer, Buffer, Buffer, Buffer>;
type Batches = readonly import('@platformatic/kafka').RecordsBatch[];

/** Of a batch whose records are Kafka’s own. */
const CONTROL_BATCH = 1 << 5;
/** Milliseconds a broker waits for something to answer with. */
const FETCH_WAIT_MS = 500;

export interface LogRange {
  readonly from: number;
  /** Only entries before it. */
  readonly end: number;
}

/**
 * Entries of a range, part by part. Brokers hand out what all copies in sync have and nothing else, so an entry that is read stays read; a leader
 * that has just been chosen may need a moment to know how far that is.
 */
export async function* readLog(
  kafka: KafkaDriver,
  { place, range }: { place: TopicPlace; range: LogRange },
): AsyncGenerator<readonly LogEntry[]> {
  const { driver, options } = kafka;
  const { clock, timeoutMs } = place;
  // It joins no group: whoever owns the shard group reads, from where the rows say.
  const consumer = new driver.Consumer<Buffer, Buffer, Buffer, Buffer>({ ...options, groupId: options.clientId, retries: 0 });
  let { from: next } = range;
  let progressAtMs = clock.monotonicMs();
  try {
    while (next < range.end) {
      const batches = await fetchFrom(consumer, place, next).catch(async (error: unknown) => {
        const told = kafkaError(await explained(error, { consumer, place, next }), place);
        const mayPass = told.code === 'ENGINE_UNAVAILABLE' || isUnknownTopic(error);
        if (!mayPass || clock.monotonicMs() - progressAtMs > timeoutMs) throw told;
        await new Promise<void>((resolve) => void clock.after(LOG_RETRY_MS, resolve));
        return [];
      });
      const part = entriesOf(batches).filter(({ entry }) => entry.offset >= next && entry.offset < range.end);
      const last = part.at(-1);
      if (last === undefined && clock.monotonicMs() - progressAtMs > timeoutMs) throw stalled(place, next);
      if (last === undefined) continue;
      progressAtMs = clock.monotonicMs();
      next = last.entry.offset + 1;
      const entries = part.filter(({ isOwn }) => isOwn).map(({ entry }) => entry);
      if (entries.length > 0) yield entries;
      // What its caller does with a part takes its own time.
      progressAtMs = clock.monotonicMs();
    }
  } finally {
    await consumer.close(true);
  }
}

async function fetchFrom(consumer: Consumer, { topic }: TopicPlace, next: number): Promise<Batches> {
  const metadata = await consumer.metadata({ topics: [topic] });
  const found = metadata.topics.get(topic);
  const leader = found?.partitions[0]?.leader ?? -1;
  if (found === undefined || leader < 0) return [];
  const partition = {
    partition: 0,
    currentLeaderEpoch: -1,
    fetchOffset: BigInt(next),
    lastFetchedEpoch: -1,
    partitionMaxBytes: LOG_READ_BYTES_MAX,
  };
  const response = await consumer.fetch({
    node: leader,
    topics: [{ topicId: found.id, partitions: [partition] }],
    minBytes: 1,
    maxBytes: LOG_READ_BYTES_MAX,
    maxWaitTime: FETCH_WAIT_MS,
    isolationLevel: 0,
  });
  return response.responses[0]?.partitions[0]?.records ?? [];
}

function entriesOf(batches: Batches): { readonly entry: LogEntry; readonly isOwn: boolean }[] {
  return batches.flatMap(({ firstOffset, attributes, records }) =>
    records.map(({ offsetDelta, key, value }) => ({
      entry: { offset: Number(firstOffset) + offsetDelta, body: value ?? Buffer.alloc(0) },
      isOwn: (attributes & CONTROL_BATCH) === 0 && isEntry(key),
    })),
  );
}

/** Where the log begins, for an offset that is out of its range. */
async function explained(error: unknown, at: { consumer: Consumer; place: TopicPlace; next: number }): Promise<unknown> {
  if (!hasApiError(error, 'OFFSET_OUT_OF_RANGE')) return error;
  const { topic } = at.place;
  try {
    const offsets = await at.consumer.listOffsets({ topics: [topic], timestamp: -2n, isolationLevel: 0 });
    const start = Number(offsets.get(topic)?.[0] ?? -1n);
    if (at.next >= start) return error;
    return new IrisError('ENGINE_INVALID', `log ${topic} begins at ${start}, asked for ${at.next}: entries that were not applied are gone`);
  } catch (cause) {
    return cause;
  }
}

function stalled({ brokers, topic }: TopicPlace, next: number): IrisError {
  return new IrisError('ENGINE_UNAVAILABLE', `kafka at ${brokers.join(',')} hands out nothing of ${topic} from ${next} on`);
}
