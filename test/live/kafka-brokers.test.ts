/** The log of a group on three Kafka brokers that die and restart under load (L1, L3, F3, R8). */
import { setTimeout as delay } from 'node:timers/promises';
import { Admin } from '@platformatic/kafka';
import { systemClock } from '../../runtime/adapters/clock-system.ts';
import { openKafkaLog } from '../../runtime/adapters/group-log-kafka.ts';
import { kafkaSettings } from '../../runtime/contract/kafka-settings.ts';
import type { GroupLog } from '../../runtime/ports/group-log.ts';
import { Durability } from '../../runtime/wire/durability.ts';
import { MemoryTelemetry } from '../fakes/memory-telemetry.ts';
import { until } from '../servers/node-pair.ts';
import { startKafka, type TestKafka } from '../services/kafka.ts';

const topic = 'iris.test.three';
let test: TestKafka;
let admin: Admin;
beforeAll(async () => {
  test = await startKafka({ brokers: 3 });
  admin = new Admin({ clientId: 'test', bootstrapBrokers: test.kafka.addresses, retries: 0, metadataMaxAge: 0 });
}, 120_000);
afterAll(async () => {
  await admin.close();
  await test.dispose();
});

const open = (): Promise<GroupLog> =>
  openKafkaLog({
    settings: kafkaSettings.parse({ brokers: test.kafka.addresses }),
    topic,
    telemetry: new MemoryTelemetry(),
    clock: systemClock,
  });

/** Undefined while no broker says. */
async function partition() {
  const metadata = await admin.metadata({ topics: [topic], forceUpdate: true }).catch(() => undefined);
  return metadata?.topics.get(topic)?.partitions[0];
}
const copiesInSync = (count: number) =>
  until(
    async () => {
      await delay(100);
      return (await partition())?.isr.length === count;
    },
    `${count} copies in sync`,
    30_000,
  );

/** An owner: appends numbers, several appends under way; what was rejected it appends again, from the first of them on. */
class Owner {
  acknowledged = 0;
  rejections = 0;
  longestGapMs = 0;
  private goesOn = true;
  private readonly log: GroupLog;
  private readonly running: Promise<void>;

  constructor(log: GroupLog) {
    this.log = log;
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.goesOn = false;
    await this.running;
  }

  private async run(): Promise<void> {
    let lastMs = performance.now();
    while (this.goesOn) {
      const from = this.acknowledged;
      const appends = [0, 1, 2].map((index) =>
        this.log.append([4 * index, 4 * index + 1, 4 * index + 2, 4 * index + 3].map((add) => Buffer.from(`${from + add}`))),
      );
      for (const append of await Promise.allSettled(appends)) {
        if (append.status === 'rejected') {
          this.rejections++;
          break;
        }
        this.acknowledged += 4;
        this.longestGapMs = Math.max(this.longestGapMs, performance.now() - lastMs);
        lastMs = performance.now();
      }
    }
  }
}

it('keeps every acknowledged entry in order while its leader is killed with kill -9 and all brokers are restarted in turn', async () => {
  const log = await open();
  await copiesInSync(3);
  const owner = new Owner(log);
  const goesOn = async (): Promise<void> => {
    const before = owner.acknowledged;
    await until(() => owner.acknowledged > before + 100, 'the log goes on', 30_000);
  };
  await goesOn();

  const leader = (await partition())?.leader as number;
  await test.kafka.killBroker(leader - 1);
  await goesOn();
  expect((await partition())?.leader).not.toBe(leader);
  await test.kafka.startBroker(leader - 1);
  await copiesInSync(3);

  for (const index of [0, 1, 2]) {
    await test.kafka.stopBroker(index);
    await test.kafka.startBroker(index);
    await copiesInSync(3);
    await goesOn();
  }
  await owner.stop();
  await log.close();

  const next = await open();
  const numbers: number[] = [];
  for await (const part of next.read(0)) numbers.push(...part.map(({ body }) => Number(body.toString())));
  await next.close();
  const firsts = [...new Set(numbers)];
  expect(firsts.slice(0, owner.acknowledged)).toEqual(Array.from({ length: owner.acknowledged }, (_, number) => number));
  // What stands twice was appended twice: after an append whose outcome was not known.
  if (owner.rejections === 0) expect(numbers.length).toBe(firsts.length);
  const { acknowledged, rejections, longestGapMs } = owner;
  process.stderr.write(
    `3 brokers, 1 kill -9, 3 restarts: ${acknowledged} acknowledged, 0 lost, ${numbers.length - firsts.length} doubled, ${rejections} rejections, longest gap ${Math.round(longestGapMs)} ms\n`,
  );
}, 180_000);

it('refuses while fewer copies than two are in sync, and shows nothing of it as acknowledged (D2q)', async () => {
  const log = await openKafkaLog({
    settings: kafkaSettings.parse({ brokers: test.kafka.addresses }),
    topic,
    telemetry: new MemoryTelemetry(),
    clock: systemClock,
    timeoutMs: 5_000,
  });
  expect(log.durability).toBe(Durability.D2q);
  const leader = (await partition())?.leader as number;
  const others = [1, 2, 3].filter((id) => id !== leader);
  for (const id of others) test.kafka.signalBroker(id - 1, 'SIGSTOP');
  try {
    await expect(log.append([Buffer.from('alone')])).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
  } finally {
    for (const id of others) test.kafka.signalBroker(id - 1, 'SIGCONT');
  }
  await copiesInSync(3);
  const append = () =>
    log.append([Buffer.from('together')]).then(
      () => true,
      () => false,
    );
  await until(append, 'two copies take it again', 30_000);
  await log.close();
}, 120_000);
