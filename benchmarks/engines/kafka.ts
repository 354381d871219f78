import { mkdtempSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ProduceAcks, Producer } from '@platformatic/kafka';
import { KafkaCluster } from '../../infra/local/engines/kafka.ts';
import { systemClock } from '../../runtime/adapters/clock-system.ts';
import { openKafkaLog } from '../../runtime/adapters/group-log-kafka.ts';
import { kafkaSettings } from '../../runtime/contract/kafka-settings.ts';
import type { BenchmarkIo } from '../benchmark.ts';
import type { Figure } from '../report.ts';
import { besideBare, type Side } from './beside-bare.ts';
import { MemoryMetrics } from './memory-metrics.ts';

/** Entries of one append, as many as a commit of a busy core has, and what each holds. */
const SHAPES = [
  { what: 'frames of 500 × 64 B, 4 an append', entries: 4, messages: 500, bytes: 500 * 66 + 100 },
  { what: 'frames of 1 × 64 B, 500 an append', entries: 500, messages: 1, bytes: 166 },
] as const;
type Shape = (typeof SHAPES)[number];
type Append = (entries: readonly Buffer[]) => Promise<unknown>;
/** Appends under way: the next is ready when the one before is answered. */
const UNDER_WAY = 2;

/** The log’s adapter beside the bare driver, both acknowledged by a broker of their own in this run. */
export async function kafkaFigures(rounds: number, milliseconds: number, io: BenchmarkIo): Promise<Figure[]> {
  const directory = mkdtempSync(join(io.stateRoot, 'iris-kafka-'));
  const cacheDirectory = join(homedir(), '.cache', 'iris-test');
  const kafka = await KafkaCluster.start({ directory, cacheDirectory, onProgress: (text) => io.note(text) });
  try {
    const settings = kafkaSettings.parse({ brokers: kafka.addresses, replicas: 1 });
    const log = await openKafkaLog({ settings, topic: 'iris.benchmark.adapter', telemetry: new MemoryMetrics(), clock: systemClock });
    const topic = 'iris.benchmark.bare';
    await (await openKafkaLog({ settings, topic, telemetry: new MemoryMetrics(), clock: systemClock })).close();
    const producer = new Producer<Buffer, Buffer, Buffer, Buffer>({
      clientId: 'bare',
      bootstrapBrokers: kafka.addresses,
      idempotent: true,
      acks: ProduceAcks.ALL,
      retries: 10,
    });
    const adapter: Append = (entries) => log.append(entries);
    const bare: Append = (entries) => producer.send({ messages: entries.map((value) => ({ topic, partition: 0, value })) });
    const figures: Figure[] = [];
    for (const shape of SHAPES) {
      const comparison = { engine: 'kafka', what: shape.what, unit: 'message', durability: 'D1', rounds, milliseconds };
      figures.push(...(await besideBare(comparison, { adapter: appending(adapter, shape), bare: appending(bare, shape) })));
    }
    await log.close();
    await producer.close();
    return figures;
  } finally {
    kafka.killNow();
    await kafka.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

function appending(append: Append, shape: Shape): Side {
  const entries = Array.from({ length: shape.entries }, (_, index) => Buffer.alloc(shape.bytes, index));
  return async (milliseconds) => {
    const startedMs = performance.now();
    let appends = 0;
    const lane = async (): Promise<void> => {
      for (; performance.now() - startedMs < milliseconds; appends++) await append(entries);
    };
    await Promise.all(Array.from({ length: UNDER_WAY }, lane));
    return appends * shape.entries * shape.messages;
  };
}
