import type { Benchmark, BenchmarkIo } from '../benchmark.ts';
import type { FleetStore } from '../engines/fleet-store.ts';
import { Foundations } from '../engines/foundations.ts';
import type { SendShape } from '../message-sender.ts';
import type { Figure } from '../report.ts';
import { ServerFleet } from '../server-fleet.ts';
import { reasonsOf, Traffic } from '../traffic.ts';
import { settledBytes } from './idle.ts';

const SENDERS = 50;
const USERS_OF_A_SENDER = 20;
/** Enough bytes through the log to fill the core’s block cache, which is then in both readings. */
const FILLING: SendShape = { frameMessages: 100, bodyBytes: 640, window: 8 };
const FILLING_MESSAGES = 300_000;
const WAITING: SendShape = { frameMessages: 1, bodyBytes: 64, window: 64 };

export const benchmark: Benchmark = {
  name: 'waiting',
  summary: 'memory (PSS) of a core per message that waits for an offline user, and per bucket of promoted inboxes',
  flags: [
    { name: 'messages', meaning: 'messages that wait, sent one by one to 1,000 users', fallback: 500_000 },
    { name: 'promoted', meaning: 'users who get 1,000 buckets each', fallback: 20 },
  ],
  async run(flag, io) {
    const size = { messages: flag('messages'), promoted: flag('promoted') };
    const foundations = await Foundations.open(io);
    try {
      const figures: Figure[] = [];
      for (const engine of foundations.engines) figures.push(...(await waiting(size, io, await foundations.storeFor(engine))));
      return {
        scenario: 'waiting',
        figures,
        remarks: [
          'growth of PSS, no collection forced; messages are 64 B and travel on as the bursts they came in',
          ...(foundations.engines.length === 1
            ? []
            : ['distributed: read when the rows have followed, so that what waits is in them alone']),
          ...foundations.remarks,
        ],
      };
    } finally {
      await foundations.close();
    }
  },
};

async function waiting(size: { messages: number; promoted: number }, io: BenchmarkIo, store: FleetStore): Promise<Figure[]> {
  const fleet = await ServerFleet.start(1, io, store);
  try {
    const users = (word: string) => (sender: number) =>
      Array.from({ length: USERS_OF_A_SENDER }, (_, index) => `${word}-${sender * USERS_OF_A_SENDER + index}`);
    const send = async (word: string, shape: SendShape, messages: number) => {
      const traffic = await Traffic.open(fleet, { senders: SENDERS, recipientsOf: users(word), areReadersOnline: false });
      traffic.prepare(shape);
      const frames = Math.max(1, Math.round(messages / SENDERS / shape.frameMessages));
      for (const sender of traffic.senders) sender.sendMore(frames * shape.frameMessages);
      await traffic.allAcknowledged();
      await fleet.rowsFollowed();
      return traffic;
    };
    io.note('filling the block cache');
    const filling = await send('read', FILLING, FILLING_MESSAGES);
    await filling.connectReaders();
    await filling.allReceived();
    filling.disconnect();
    await fleet.rowsFollowed();
    const before = await settledBytes(fleet);
    io.note(`${size.messages} messages wait`);
    const traffic = await send('waiting', WAITING, size.messages);
    const envelopes = await fleet.metric(fleet.core, 'iris_envelopes_committed_total');
    const after = await settledBytes(fleet);
    io.note('promoting');
    for (let user = 0; user < size.promoted; user++) await fleet.command(fleet.core, 'promote', { user: `hot-${user}`, buckets: 1_000 });
    await fleet.rowsFollowed();
    const spread = await settledBytes(fleet);
    await traffic.connectReaders();
    await traffic.allReceived();
    const deliveries = await traffic.verdict();
    const named = (what: string) => (store.engine === 'embedded' ? what : `${store.engine}: ${what}`);
    const figure = (what: string, bytes: number): Figure => ({
      what: named(what),
      unit: 'B PSS of the core',
      values: [bytes],
      durability: traffic.durability,
      deliveries,
      voidReasons: reasonsOf(deliveries),
    });
    return [
      {
        ...figure('per message that waits', (after.core - before.core) / traffic.sent),
        details: { messages: traffic.sent, 'envelopes of the whole run': envelopes, 'core before, MB': Math.round(before.core / 1e6) },
      },
      figure('per bucket of a promoted inbox, empty', (spread.core - after.core) / (size.promoted * 1_000)),
    ];
  } finally {
    await fleet.stop();
  }
}
