import type { FleetEngine } from '../../infra/local/local-engines.ts';
import type { Benchmark, BenchmarkIo } from '../benchmark.ts';
import type { FleetStore } from '../engines/fleet-store.ts';
import { engineFigures, Foundations } from '../engines/foundations.ts';
import type { SendShape } from '../message-sender.ts';
import { cpuSeconds } from '../process-meter.ts';
import { type Deliveries, type Figure, sumOf } from '../report.ts';
import { ServerFleet } from '../server-fleet.ts';
import { reasonsOf, type Stretch, Traffic } from '../traffic.ts';

const BODY_BYTES = 128;
const KINDS = {
  singles: { label: 'one by one', goal: '≤ 2', shape: { frameMessages: 1, bodyBytes: BODY_BYTES, window: 64 } },
  batches: { label: 'in batches of 100', goal: '≤ 0.6', shape: { frameMessages: 100, bodyBytes: BODY_BYTES, window: 8 } },
} as const;

export const benchmark: Benchmark = {
  name: 's-2',
  summary: '50 senders to 1,000 offline users, kill -9 of everything after the last acknowledgement, restart, 1,000 logins drain',
  flags: [
    { name: 'messages', meaning: 'messages of a round', fallback: 200_000 },
    { name: 'users', meaning: 'offline users', fallback: 1_000 },
    { name: 'senders', meaning: 'senders; each writes to all users in turn', fallback: 50 },
    { name: 'rounds', meaning: 'rounds of each kind on a fleet of their own, in the order ABBA', fallback: 2 },
  ],
  async run(flag, io) {
    const size = { messages: flag('messages'), users: flag('users'), senders: flag('senders') };
    const foundations = await Foundations.open(io);
    try {
      const cases = foundations.engines.flatMap((engine) =>
        (['singles', 'batches'] as const).map((kind) => ({ engine, ...KINDS[kind], rounds: [] as Round[] })),
      );
      for (let round = 0; round < flag('rounds'); round++) {
        for (const { engine, label, shape, rounds } of round % 2 === 0 ? cases : cases.toReversed()) {
          const result = await killAndDrain(shape, size, io, await foundations.storeFor(engine));
          const { acknowledgedMicroseconds, restartSeconds } = result;
          io.note(`${engine}, ${label}: ${acknowledgedMicroseconds.toFixed(2)} µs, back after ${restartSeconds.toFixed(1)} s`);
          rounds.push(result);
        }
      }
      return {
        scenario: 's-2',
        figures: cases.flatMap(figuresOf),
        remarks: [
          'CPU counts from the first send to the last acknowledgement; the drain follows after the kill, on cold processes, and is printed beside it',
          'a restart counts from the start of the processes until both are ready; each round has a warm-up of half its size to other users, drained',
          ...(foundations.engines.length === 1 ? [] : ENGINE_REMARKS),
          ...foundations.remarks,
        ],
      };
    } finally {
      await foundations.close();
    }
  },
};

const ENGINE_REMARKS = [
  'kill -9 is of Iris’s processes, core and edge; Kafka and Cassandra go on',
  'the rows follow the log: what they lack at the last acknowledgement (rows behind, % of 64 MiB) is read from the log at the restart, and written while the core serves',
];

interface Size {
  readonly messages: number;
  readonly users: number;
  readonly senders: number;
}

interface Round {
  readonly acknowledgedMicroseconds: number;
  readonly restartSeconds: number;
  readonly drainSeconds: number;
  readonly drainMicroseconds: number;
  /** NaN of an embedded store. */
  readonly rowsBehindPercent: number;
  readonly stretch: Stretch;
  readonly deliveries: Deliveries;
  readonly durability: string;
}

async function killAndDrain(shape: SendShape, { messages, users, senders }: Size, io: BenchmarkIo, store: FleetStore): Promise<Round> {
  const fleet = await ServerFleet.start(1, io, store);
  /** Each sender begins elsewhere, so that no user is every sender’s first. */
  const namesFor = (word: string) => (sender: number) =>
    Array.from({ length: users }, (_, index) => `${word}-${(index + Math.floor((sender * users) / senders)) % users}`);
  const offline = (word: string) => ({ senders, recipientsOf: namesFor(word), areReadersOnline: false });
  const perSender = Math.max(1, Math.round(messages / senders / shape.frameMessages)) * shape.frameMessages;
  const send = async (traffic: Traffic, count: number) => {
    traffic.prepare(shape);
    for (const sender of traffic.senders) sender.sendMore(count);
    await traffic.allAcknowledged();
  };
  try {
    const warmUp = await Traffic.open(fleet, offline('warm'));
    await send(warmUp, perSender / 2);
    await warmUp.connectReaders();
    await warmUp.allReceived();
    warmUp.disconnect();
    await fleet.rowsFollowed();
    const traffic = await Traffic.open(fleet, offline('offline'));
    const stretch = await traffic.measure(() => send(traffic, perSender));
    const rowsBehindPercent = await fleet.rowsBehindPercent();
    const nodes = [fleet.core, ...fleet.edges];
    await fleet.kill(nodes);
    const restartedMs = performance.now();
    await fleet.restart(nodes);
    const readyMs = performance.now();
    const cpu = cpuSeconds(fleet.pids);
    await traffic.connectReaders();
    await traffic.allReceived();
    const drainCpu = cpuSeconds(fleet.pids) - cpu;
    return {
      acknowledgedMicroseconds: (stretch.serverSeconds / Math.max(1, stretch.acknowledged)) * 1e6,
      restartSeconds: (readyMs - restartedMs) / 1_000,
      drainSeconds: (performance.now() - readyMs) / 1_000,
      drainMicroseconds: (drainCpu / Math.max(1, traffic.ledger.received)) * 1e6,
      rowsBehindPercent,
      stretch,
      deliveries: await traffic.verdict(),
      durability: traffic.durability,
    };
  } finally {
    await fleet.stop();
  }
}

interface Case {
  readonly engine: FleetEngine;
  readonly label: string;
  readonly goal: string;
  readonly rounds: readonly Round[];
}

/** The goals are of embedded stores. */
function figuresOf({ engine, label, goal, rounds }: Case): Figure[] {
  const deliveries = sumOf(rounds.map((round) => round.deliveries));
  const voidReasons = [...new Set([...rounds.flatMap(({ stretch }) => stretch.voidReasons), ...reasonsOf(deliveries)])];
  const last = rounds.at(-1)!;
  const common = { durability: last.durability, deliveries, voidReasons };
  const perSecond = Math.round(last.stretch.acknowledged / last.stretch.wallSeconds);
  const isEmbedded = engine === 'embedded';
  const named = (what: string) => (isEmbedded ? what : `${engine}: ${what}`);
  return [
    {
      ...common,
      what: named(`acknowledged ${label}`),
      unit: 'µs CPU/message',
      ...(isEmbedded && { goal }),
      values: rounds.map(({ acknowledgedMicroseconds }) => acknowledgedMicroseconds),
      details: {
        'acked msg/s': perSecond,
        'envelopes/commit': Number(last.stretch.envelopesPerCommit.toFixed(1)),
        ...(!isEmbedded && { 'rows behind %': Number(last.rowsBehindPercent.toFixed(1)) }),
      },
    },
    ...engineFigures(
      named(`the engines’ CPU, ${label}`),
      rounds.map(({ stretch }) => ({ stretch, messages: stretch.acknowledged })),
    ),
    {
      ...common,
      what: named(`${label}: restart after kill -9`),
      unit: 's',
      ...(isEmbedded && { goal: '≤ 5' }),
      values: rounds.map(({ restartSeconds }) => restartSeconds),
      details: { 'drain s': Number(last.drainSeconds.toFixed(2)), 'drain µs CPU/message': Number(last.drainMicroseconds.toFixed(2)) },
    },
  ];
}
