import type { KafkaDriver } from '../../../../runtime/adapters/kafka/kafka-driver.ts';
import { BARRIER, isEntry, LogProducer } from '../../../../runtime/adapters/kafka/log-producer.ts';
import { LOG_PRODUCER_ENTRIES_MAX } from '../../../../runtime/contract/limits.ts';
import { HastyClock } from '../../../fakes/hasty-clock.ts';

type Message = { readonly key?: Buffer; readonly value: Buffer };
type Outcome = { readonly offset: bigint } | Error | 'silence';

/** The driver’s producer, as far as a log uses it. */
function fakeDriver(outcomes: Outcome[]) {
  const made: FakeProducer[] = [];
  class FakeProducer {
    isClosed = false;
    sent: Message[][] = [];
    readonly options: { retryDelay(...args: unknown[]): number; idempotent: boolean };
    constructor(options: FakeProducer['options']) {
      this.options = options;
      made.push(this);
    }
    async send({ messages }: { messages: Message[] }) {
      this.sent.push(messages);
      const outcome = outcomes.shift() ?? { offset: 0n };
      if (outcome === 'silence') return new Promise<never>(() => undefined);
      if (outcome instanceof Error) throw outcome;
      return { offsets: [outcome] };
    }
    async close() {
      this.isClosed = true;
      throw new Error('a broker that is gone says nothing good');
    }
  }
  const kafka = { driver: { Producer: FakeProducer }, options: {} } as unknown as KafkaDriver;
  const retries = { value: 0 };
  const place = { brokers: ['a:9092'], topic: 'iris.test.g', clock: new HastyClock(), timeoutMs: 1_000 };
  return { made, retries, producer: new LogProducer(kafka, place, retries) };
}
const entries = (count: number): Buffer[] => Array.from({ length: count }, (_, index) => Buffer.from([index]));

describe('the producer of a log', () => {
  it('sends a part as one batch, idempotently, and tells the offset of its last entry', async () => {
    const { producer, made } = fakeDriver([{ offset: 40n }]);
    expect(await producer.send(entries(3))).toBe(42);
    expect(made[0]?.options.idempotent).toBe(true);
    expect(made[0]?.sent[0]?.map(({ value, key }) => [value[0], isEntry(key)])).toEqual([
      [0, true],
      [1, true],
      [2, true],
    ]);
  });

  it('marks a barrier, which is no entry, and leaves an empty entry one', async () => {
    const { producer, made } = fakeDriver([]);
    await producer.send([BARRIER]);
    await producer.send([Buffer.alloc(0)]);
    expect(made[0]?.sent.map(([message]) => isEntry(message?.key))).toEqual([false, true]);
  });

  it('begins with a new one after a failure: the old one might still send what its caller was told has failed (L1)', async () => {
    const { producer, made } = fakeDriver([new Error('away'), { offset: 7n }]);
    await expect(producer.send(entries(1))).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    expect(made[0]?.isClosed).toBe(true);
    expect(await producer.send(entries(1))).toBe(7);
    expect(made.length).toBe(2);
  });

  it('tries again where the topic is not known yet, and says in the end that it is gone', async () => {
    const unknown = (): Error => new Error('Unknown topic iris.test.g.');
    const { producer, made } = fakeDriver([unknown(), unknown(), { offset: 3n }]);
    expect(await producer.send(entries(1))).toBe(3);
    expect(made.length).toBe(3);
    const gone = fakeDriver(Array.from({ length: 50 }, unknown));
    await expect(gone.producer.send(entries(1))).rejects.toMatchObject({
      code: 'ENGINE_INVALID',
      message: expect.stringContaining('is gone'),
    });
  });

  it('fails in time where no answer comes, with what the last try said', async () => {
    const { producer, made, retries } = fakeDriver(['silence']);
    const sending = producer.send(entries(1));
    await new Promise(setImmediate);
    made[0]?.options.retryDelay({}, 'produce', 1, 200, Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }));
    await expect(sending).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE', message: expect.stringContaining('ECONNREFUSED') });
    expect(retries.value).toBe(1);
  });

  it('gives up at once where trying again cannot help', async () => {
    const { producer, made } = fakeDriver(['silence']);
    const sending = producer.send(entries(1));
    await new Promise(setImmediate);
    made[0]?.options.retryDelay({}, 'produce', 1, 200, Object.assign(new Error('no'), { apiId: 'TOPIC_AUTHORIZATION_FAILED' }));
    await expect(sending).rejects.toMatchObject({ code: 'ENGINE_INVALID' });
  });

  it('is made anew after LOG_PRODUCER_ENTRIES_MAX entries, whose numbers would not fit', async () => {
    const { producer, made } = fakeDriver([]);
    await producer.send(entries(2));
    const many = { length: LOG_PRODUCER_ENTRIES_MAX - 2, map: () => [] } as unknown as Buffer[];
    await producer.send(many);
    expect(made.length).toBe(1);
    await producer.send(entries(1));
    expect(made.length).toBe(2);
    expect(made[0]?.isClosed).toBe(true);
  });
});
