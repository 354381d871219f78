import { mkdtempSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ProduceAcks, Producer } from '@platformatic/kafka';
import { KafkaCluster } from '../../infra/local/engines/kafka.ts';
import { systemClock } from '../../runtime/adapters/clock-system.ts';
import { openKafkaLog } from '../../runtime/adapters/group-log-kafka.ts';
import { kafkaSettings } from '../../runtime/contract/kafka-settings.ts';
import type { BenchmarkIo } from '../benchmark.ts';
import { type Figure, median } from '../report.ts';
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
const WARM_UP_SHARE = 0.3;

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
    const clients: Readonly<Record<string, Append>> = {
      adapter: (entries) => log.append(entries),
      'bare driver': (entries) => producer.send({ messages: entries.map((value) => ({ topic, partition: 0, value })) }),
    };
    const figures: Figure[] = [];
    for (const shape of SHAPES) figures.push(...(await compare(shape, clients, { rounds, milliseconds })));
    await log.close();
    await producer.close();
    return figures;
  } finally {
    kafka.killNow();
    await kafka.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function compare(
  shape: Shape,
  clients: Readonly<Record<string, Append>>,
  { rounds, milliseconds }: { rounds: number; milliseconds: number },
): Promise<Figure[]> {
  const names = Object.keys(clients);
  const measured = new Map(names.map((name) => [name, [] as Round[]]));
  for (const name of names) await appendFor(clients[name]!, shape, milliseconds * WARM_UP_SHARE);
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      measured.get(name)!.push(await appendFor(clients[name]!, shape, milliseconds));
    }
  }
  const cpu = (name: string): number => median(measured.get(name)!.map(({ cpuMicroseconds }) => cpuMicroseconds));
  const ratio = cpu('adapter') / cpu('bare driver');
  return names.map((name) => ({
    what: `kafka ${name}: ${shape.what}`,
    unit: 'µs CPU/message',
    values: measured.get(name)!.map(({ cpuMicroseconds }) => cpuMicroseconds),
    ...(name === 'adapter' && { goal: '≤ 1.3 × bare' }),
    durability: 'D1',
    details: {
      'messages/s': Math.round(median(measured.get(name)!.map(({ messagesPerSecond }) => messagesPerSecond))),
      ...(name === 'adapter' && { 'of the bare driver': Number(ratio.toFixed(2)) }),
    },
    voidReasons: [],
  }));
}

interface Round {
  readonly cpuMicroseconds: number;
  readonly messagesPerSecond: number;
}

async function appendFor(append: Append, shape: Shape, milliseconds: number): Promise<Round> {
  const entries = Array.from({ length: shape.entries }, (_, index) => Buffer.alloc(shape.bytes, index));
  const startedMs = performance.now();
  const before = process.cpuUsage();
  let appends = 0;
  const lane = async (): Promise<void> => {
    for (; performance.now() - startedMs < milliseconds; appends++) await append(entries);
  };
  await Promise.all(Array.from({ length: UNDER_WAY }, lane));
  const { user, system } = process.cpuUsage(before);
  const messages = appends * shape.entries * shape.messages;
  return { cpuMicroseconds: (user + system) / messages, messagesPerSecond: (messages * 1_000) / (performance.now() - startedMs) };
}
