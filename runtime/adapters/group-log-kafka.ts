import { IrisError } from '../contract/errors.ts';
import type { KafkaSettings } from '../contract/kafka-settings.ts';
import { LOG_APPENDS_WAITING_BYTES_MAX, LOG_TIMEOUT_MS } from '../contract/limits.ts';
import { replicasInSync } from '../contract/log-topic.ts';
import { Latency } from '../measure/latency.ts';
import type { Clock } from '../ports/clock.ts';
import type { GroupLog, LogEntry } from '../ports/group-log.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { Durability } from '../wire/durability.ts';
import { AppendQueue, LOG_ENTRY_BYTES_MAX } from './append-queue.ts';
import { type KafkaDriver, loadKafkaDriver } from './kafka/kafka-driver.ts';
import { BARRIER, LogProducer, type TopicPlace } from './kafka/log-producer.ts';
import { readLog } from './kafka/log-reader.ts';
import { ensureTopic } from './kafka/log-topics.ts';

export interface KafkaLogOptions {
  readonly settings: KafkaSettings;
  /** `logTopicName`; made with `settings.replicas` copies when it is missing. */
  readonly topic: string;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  /**
   * What the brokers’ logs and quotas call this process.
   * @default iris
   */
  readonly clientId?: string;
  /**
   * Milliseconds after which what does not get on has failed.
   * @default LOG_TIMEOUT_MS
   */
  readonly timeoutMs?: number;
}

/**
 * Opens a group’s log on Kafka: a topic of one partition, entries as the values of records, unopened.
 * @throws IrisError ENGINE_INVALID for a wrong login, certificate, topic or version, with the remedy; ENGINE_UNAVAILABLE while no broker answers.
 */
export async function openKafkaLog(options: KafkaLogOptions): Promise<GroupLog> {
  const { settings, topic, telemetry, clock, clientId = 'iris', timeoutMs = LOG_TIMEOUT_MS } = options;
  const kafka = await loadKafkaDriver(settings, clientId);
  const place = { brokers: settings.brokers, topic, clock, timeoutMs };
  await ensureTopic(kafka, { place, replicas: settings.replicas });
  return new KafkaLog(kafka, { place, telemetry, replicas: settings.replicas });
}

/**
 * Makes the topics of logs that are not there yet and holds the others against what a log needs, as `openKafkaLog` does, but before any core starts.
 * @throws IrisError as `openKafkaLog`
 */
export async function prepareKafkaLogs(topics: readonly string[], options: Omit<KafkaLogOptions, 'topic' | 'telemetry'>): Promise<void> {
  const { settings, clock, clientId = 'iris', timeoutMs = LOG_TIMEOUT_MS } = options;
  const kafka = await loadKafkaDriver(settings, clientId);
  const { brokers, replicas } = settings;
  for (const topic of topics) await ensureTopic(kafka, { place: { brokers, topic, clock, timeoutMs }, replicas });
}

class KafkaLog implements GroupLog {
  readonly name: string;
  readonly durability: number;
  readonly entryBytesMax = LOG_ENTRY_BYTES_MAX;
  private readonly kafka: KafkaDriver;
  private readonly place: TopicPlace;
  private readonly producer: LogProducer;
  private readonly queue: AppendQueue;

  constructor(kafka: KafkaDriver, { place, telemetry, replicas }: { place: TopicPlace; telemetry: Telemetry; replicas: number }) {
    const { clock } = place;
    this.kafka = kafka;
    this.place = place;
    // A broker answers before its disk has what it says; only copies on others outlive its power.
    this.durability = replicasInSync(replicas) > 1 ? Durability.D2q : Durability.D1;
    this.name = `Kafka topic ${place.topic}`;
    const retries = telemetry.counter('iris_log_retries_total', 'Tries of the log after the first');
    this.producer = new LogProducer(kafka, place, retries);
    const latency = new Latency('iris_log_append', 'From a part’s first try until a quorum has it', { telemetry, clock });
    const entries = telemetry.counter('iris_log_entries_total', 'Entries that a quorum has');
    const bytes = telemetry.counter('iris_log_bytes_total', 'Bytes of them');
    telemetry.gauge('iris_log_waiting_bytes', 'Bytes that wait for the log', () => this.queue.waitingBytes);
    telemetry.gauge(
      'iris_log_waiting_percent',
      'Share of the bytes that may wait for the log',
      () => (100 * this.queue.waitingBytes) / LOG_APPENDS_WAITING_BYTES_MAX,
    );
    this.queue = new AppendQueue(async (part) => {
      const fromMs = clock.monotonicMs();
      const last = await this.producer.send(part);
      latency.add(clock.monotonicMs() - fromMs);
      entries.value += part.length;
      bytes.value += part.reduce((sum, { length }) => sum + length, 0);
      return last;
    });
  }

  append(entries: readonly Buffer[]): Promise<number> {
    return this.queue.append(entries);
  }

  /**
   * Its end is a record of its own, which all copies in sync have before anything is read: a leader that is cut off, and does not know that another has
   * taken over, can neither take that record nor show a shorter log for the whole.
   */
  async *read(offset: number): AsyncGenerator<readonly LogEntry[]> {
    const end = await this.queue.append([BARRIER]);
    if (offset > end) {
      const { topic } = this.place;
      throw new IrisError(
        'ENGINE_INVALID',
        `log ${topic} ends at ${end}, asked for ${offset}: the topic was made anew, and what it held is gone`,
      );
    }
    yield* readLog(this.kafka, { place: this.place, range: { from: offset, end } });
  }

  async close(): Promise<void> {
    this.queue.close(new IrisError('ENGINE_UNAVAILABLE', `log ${this.place.topic} is closed`));
    await this.producer.discard();
  }
}
