import type { Benchmark, BenchmarkIo } from '../benchmark.ts';
import type { FleetStore } from '../engines/fleet-store.ts';
import { engineFigures, Foundations } from '../engines/foundations.ts';
import type { SendShape } from '../message-sender.ts';
import { pause } from '../process-meter.ts';
import type { Figure } from '../report.ts';
import { ServerFleet } from '../server-fleet.ts';
import { reasonsOf, Traffic } from '../traffic.ts';
import { detailsOf, microsecondsOf } from './durable.ts';

const EDGES = 5;
const SENDERS = 100;
const CELEBRITY = 'celebrity';
const BODY_BYTES = 64;
const KINDS: readonly { label: string; shape: SendShape; receivedGoal: number; goal?: string }[] = [
  { label: 'A', shape: { frameMessages: 500, bodyBytes: BODY_BYTES, window: 4 }, receivedGoal: 30e6, goal: '≤ 0.5' },
  { label: 'B', shape: { frameMessages: 10, bodyBytes: BODY_BYTES, window: 32 }, receivedGoal: 5e6 },
];
/** The receiver stays for 2 to 5 seconds and is away for 2 to 5, the same in every run. */
const STAYS_SECONDS = [3, 2, 5, 4, 2, 3, 4, 5] as const;

export const benchmark: Benchmark = {
  name: 's-3',
  summary: '100 senders over 5 edges to one user who comes and goes for 30 s, frames of 500 (A) and of 10 (B) × 64 B, then a final drain',
  flags: [
    { name: 'seconds', meaning: 'seconds of sending', fallback: 30 },
    { name: 'connections', meaning: 'connections over which the celebrity reads its buckets', fallback: 1 },
    { name: 'buckets', meaning: 'buckets of the celebrity’s inbox; 1 leaves it unpromoted', fallback: 100 },
  ],
  async run(flag, io) {
    const size = { seconds: flag('seconds'), buckets: flag('buckets'), connections: flag('connections') };
    const foundations = await Foundations.open(io);
    try {
      const figures: Figure[] = [];
      for (const kind of KINDS)
        for (const engine of foundations.engines) figures.push(...(await fanIn(kind, size, io, await foundations.storeFor(engine))));
      return {
        scenario: 's-3',
        figures,
        remarks: [
          `the celebrity has ${size.buckets} buckets, all on the one core, which shares its CPU with 5 edges, and reads them over ${size.connections} connections`,
          'each kind runs on a fleet and stores of its own; CPU counts up to the end of the final drain',
          ...foundations.remarks,
        ],
      };
    } finally {
      await foundations.close();
    }
  },
};

async function fanIn(
  { label, shape, receivedGoal, goal }: (typeof KINDS)[number],
  { seconds, buckets, connections }: { seconds: number; buckets: number; connections: number },
  io: BenchmarkIo,
  store: FleetStore,
): Promise<Figure[]> {
  const fleet = await ServerFleet.start(EDGES, io, store);
  try {
    const traffic = await Traffic.open(fleet, { senders: SENDERS, recipientsOf: () => [CELEBRITY], readConnections: connections });
    if (buckets > 1) await fleet.command(fleet.core, 'promote', { user: CELEBRITY, buckets });
    io.note(`${store.engine}, ${label}: frames of ${shape.frameMessages} for ${seconds} s`);
    traffic.prepare(shape);
    let receivedInTime = 0;
    let drainSeconds = 0;
    const stretch = await traffic.measure(async () => {
      for (const sender of traffic.senders) sender.sendMore(Number.MAX_SAFE_INTEGER / 2);
      await comeAndGo(traffic, seconds);
      receivedInTime = traffic.ledger.received;
      for (const sender of traffic.senders) sender.stopSending();
      const drainedFromMs = performance.now();
      await traffic.allReceived();
      drainSeconds = (performance.now() - drainedFromMs) / 1_000;
    });
    const deliveries = await traffic.verdict();
    const common = { durability: traffic.durability, deliveries, voidReasons: [...stretch.voidReasons, ...reasonsOf(deliveries)] };
    const isEmbedded = store.engine === 'embedded';
    const named = (what: string) => `${isEmbedded ? '' : `${store.engine}: `}${label}: ${what}`;
    return [
      {
        ...common,
        what: named(`received in ${seconds} s`),
        unit: 'messages',
        // The goals are of embedded stores.
        ...(isEmbedded && { goal: `≥ ${(receivedGoal / 1e6).toFixed(0)} M in 30 s` }),
        values: [receivedInTime],
        details: { 'sent in time': traffic.sent, 'final drain s': Number(drainSeconds.toFixed(1)) },
      },
      {
        ...common,
        what: named('end to end'),
        unit: 'µs CPU/message',
        ...(isEmbedded && goal !== undefined && { goal }),
        values: [microsecondsOf(stretch)],
        details: detailsOf([stretch]),
      },
      ...engineFigures(named('the engines’ CPU'), [{ stretch, messages: stretch.messages }]),
    ];
  } finally {
    await fleet.stop();
  }
}

/** The receiver leaves and returns until the time is over; then it is there. */
async function comeAndGo(traffic: Traffic, seconds: number): Promise<void> {
  const reader = traffic.readers.get(CELEBRITY)!;
  const endMs = performance.now() + seconds * 1_000;
  const leftMs = () => Math.max(0, endMs - performance.now());
  let isThere = true;
  for (let turn = 0; leftMs() > 0; turn++) {
    await pause(Math.min(leftMs(), STAYS_SECONDS[turn % STAYS_SECONDS.length]! * 1_000));
    if (isThere) reader.disconnect();
    else await reader.connect();
    isThere = !isThere;
  }
  if (!isThere) await reader.connect();
}
