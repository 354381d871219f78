import { createHistogram } from 'node:perf_hooks';
import type { Benchmark, BenchmarkIo } from '../benchmark.ts';
import { openLoop, TICK_MS } from '../open-loop.ts';
import { pause } from '../process-meter.ts';
import { type Deliveries, type Figure, median } from '../report.ts';
import { ServerFleet } from '../server-fleet.ts';
import { SlowReaders } from '../slow-reader.ts';
import { reasonsOf, Traffic } from '../traffic.ts';

/** What the others send, messages a second: each to one of ten online readers. */
const OTHERS = { rate: 1_000, shape: { frameMessages: 1, bodyBytes: 128, window: 1 } } as const;
const SLOW_BYTES = 16_000;
const SLOW_MESSAGES_EACH = 30;
const DRAINED_SHAPE = { frameMessages: 20, bodyBytes: 128, window: 16 } as const;
/** Frames a second from 20 senders to the hot user. */
const HOT = { rate: 2_000, shape: { frameMessages: 10, bodyBytes: 64, window: 1 }, buckets: 5 } as const;

/** What is laid beside the others for a while. */
interface Load {
  readonly what: string;
  begin(): Promise<void>;
  end(): Promise<void>;
  deliveries(): Promise<Deliveries>;
}

export const benchmark: Benchmark = {
  name: 'overload',
  summary: 'p99 of others beside 200 readers of 1 byte/s and 50 that drain, and beside a hot recipient, against the same without them',
  flags: [
    { name: 'seconds', meaning: 'length of a window', fallback: 5 },
    { name: 'rounds', meaning: 'rounds ABBA for each load', fallback: 2 },
    { name: 'slow', meaning: 'readers of one byte a second', fallback: 200 },
    { name: 'drains', meaning: 'readers that drain a waiting inbox', fallback: 50 },
    { name: 'waiting', meaning: 'messages that wait for each of those', fallback: 40_000 },
  ],
  async run(flag, io) {
    const fleet = await ServerFleet.start(1, io);
    const histogram = createHistogram({ lowest: 1, highest: 60_000_000, figures: 3 });
    try {
      const latency = (ms: number) => histogram.record(Math.max(1, Math.round(ms * 1_000)));
      const others = await Traffic.open(fleet, { name: 'other', senders: 10, recipientsOf: (sender) => [`reader-${sender}`], latency });
      others.prepare(OTHERS.shape);
      const window = async () => {
        histogram.reset();
        await openLoop(others, { seconds: flag('seconds'), rate: OTHERS.rate });
        await others.allReceived();
        return histogram.percentile(99) / 1_000;
      };
      io.note('warming up');
      await window();
      const loads = [await slowLoad(fleet, flag, io), await hotLoad(fleet)];
      const figures: Figure[] = [];
      for (const load of loads) figures.push(await measured(load, { rounds: flag('rounds'), window, others, io }));
      return {
        scenario: 'overload',
        figures,
        remarks: [`latency from the intended send time; the generator looks every ${TICK_MS} ms what is due`],
      };
    } finally {
      await fleet.stop();
    }
  },
};

interface Windows {
  readonly rounds: number;
  readonly window: () => Promise<number>;
  readonly others: Traffic;
  readonly io: BenchmarkIo;
}

/** Windows without (A) and with the load (B) in the order ABBA; the figure is the ratio of their medians. */
async function measured(load: Load, { rounds, window, others, io }: Windows): Promise<Figure> {
  const alone: number[] = [];
  const beside: number[] = [];
  const besideLoad = async () => {
    await load.begin();
    await pause(500);
    beside.push(await window());
    await load.end();
    // What the load left on its way is not the next window's.
    await pause(1_000);
  };
  for (let round = 0; round < rounds; round++) {
    alone.push(await window());
    await besideLoad();
    await besideLoad();
    alone.push(await window());
    io.note(`${load.what}: p99 alone ${shown(alone)} ms, beside ${shown(beside)} ms`);
  }
  const verdicts = [await load.deliveries(), await others.verdict()];
  const deliveries = verdicts[1] as Deliveries;
  return {
    what: `p99 of others beside ${load.what}`,
    unit: '× alone',
    goal: '≤ 1.5',
    values: [median(beside) / median(alone)],
    durability: others.durability,
    deliveries,
    details: { 'alone ms': shown(alone), 'beside ms': shown(beside), 'messages of the load': verdicts[0]?.received ?? 0 },
    voidReasons: [...new Set(verdicts.flatMap(reasonsOf))],
  };
}

function shown(values: readonly number[]): string {
  return values.map((value) => value.toFixed(1)).join(' ');
}

async function slowLoad(fleet: ServerFleet, flag: (name: string) => number, io: BenchmarkIo): Promise<Load> {
  const slow = Array.from({ length: flag('slow') }, (_, i) => `slow-${i}`);
  const drained = Array.from({ length: flag('drains') }, (_, i) => `behind-${i}`);
  io.note(`filling the inboxes of ${slow.length} slow readers and of ${drained.length} that drain`);
  await filled(fleet, {
    name: 'filler',
    users: slow,
    shape: { frameMessages: 1, bodyBytes: SLOW_BYTES, window: 32 },
    each: SLOW_MESSAGES_EACH,
  });
  const behind = await filled(fleet, { name: 'refiller', users: drained, shape: DRAINED_SHAPE, each: flag('waiting') });
  let readers: SlowReaders | undefined;
  let ticking: NodeJS.Timeout | undefined;
  return {
    what: `${slow.length} readers of 1 byte/s and ${drained.length} that drain`,
    async begin() {
      readers = await SlowReaders.connect(fleet.edges[0]!.address, slow);
      ticking = setInterval(() => readers?.tick(), 1_000);
      await behind.connectReaders();
    },
    async end() {
      clearInterval(ticking);
      readers?.destroy();
      for (const reader of behind.readers.values()) reader.disconnect();
    },
    async deliveries() {
      await behind.connectReaders();
      await behind.allReceived();
      return await behind.verdict();
    },
  };
}

interface Filling {
  readonly name: string;
  readonly users: readonly string[];
  readonly shape: { readonly frameMessages: number; readonly bodyBytes: number; readonly window: number };
  readonly each: number;
}

/** One sender’s messages wait for each of the users. */
async function filled(fleet: ServerFleet, { name, users, shape, each }: Filling): Promise<Traffic> {
  const traffic = await Traffic.open(fleet, { name, senders: 1, recipientsOf: () => users, areReadersOnline: false });
  traffic.prepare(shape);
  for (const sender of traffic.senders) sender.sendMore(users.length * each);
  await traffic.allAcknowledged();
  return traffic;
}

async function hotLoad(fleet: ServerFleet): Promise<Load> {
  const hot = await Traffic.open(fleet, { name: 'fan', senders: 20, recipientsOf: () => ['celebrity'] });
  await fleet.command(fleet.core, 'promote', { user: 'celebrity', buckets: HOT.buckets });
  hot.prepare(HOT.shape);
  let stop = () => {};
  return {
    what: `${HOT.rate * HOT.shape.frameMessages} messages a second to one user of ${HOT.buckets} buckets`,
    async begin() {
      const rate = HOT.rate / 100;
      let due = 0;
      const timer = setInterval(() => {
        for (due += rate; due >= 1; due--) hot.senders[Math.floor(Math.random() * hot.senders.length)]!.sendFrame(0);
      }, 10);
      stop = () => clearInterval(timer);
    },
    async end() {
      stop();
      await hot.allReceived();
    },
    deliveries: () => hot.verdict(),
  };
}
