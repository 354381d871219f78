import { createHistogram } from 'node:perf_hooks';
import type { Benchmark } from '../benchmark.ts';
import type { SendShape } from '../message-sender.ts';
import { openLoop, TICK_MS } from '../open-loop.ts';
import { ServerFleet } from '../server-fleet.ts';
import { reasonsOf, type Stretch, Traffic } from '../traffic.ts';
import { detailsOf, microsecondsOf } from './durable.ts';

const SHAPE: SendShape = { frameMessages: 1, bodyBytes: 128, window: 64 };
/** Messages a second of the open loop. */
const RATE = 5_000;

export const benchmark: Benchmark = {
  name: 's-1',
  summary: '100 online pairs, 128 B one by one, 64 unacked a sender: CPU per delivered and acked message, then latency at 5,000 msg/s',
  flags: [
    { name: 'messages', meaning: 'messages of a round', fallback: 200_000 },
    { name: 'rounds', meaning: 'rounds', fallback: 4 },
    { name: 'seconds', meaning: 'length of the open loop', fallback: 20 },
    { name: 'senders', meaning: 'senders, each with an online receiver of its own', fallback: 100 },
  ],
  async run(flag, io) {
    const fleet = await ServerFleet.start(1, io);
    try {
      const histogram = createHistogram({ lowest: 1, highest: 60_000_000, figures: 3 });
      const latency = (ms: number) => histogram.record(Math.max(1, Math.round(ms * 1_000)));
      const traffic = await Traffic.open(fleet, { senders: flag('senders'), recipientsOf: (sender) => [`reader-${sender}`], latency });
      io.note('warming up');
      await traffic.closedLoop(flag('messages') / 2, SHAPE);
      const stretches: Stretch[] = [];
      for (let round = 0; round < flag('rounds'); round++) {
        const stretch = await traffic.closedLoop(flag('messages'), SHAPE);
        stretches.push(stretch);
        io.note(`round ${round + 1}: ${microsecondsOf(stretch).toFixed(2)} µs a message`);
      }
      histogram.reset();
      io.note(`open loop of ${flag('seconds')} s`);
      const open = await traffic.measure(async () => {
        traffic.prepare(SHAPE);
        await openLoop(traffic, { seconds: flag('seconds'), rate: RATE });
        await traffic.allReceived();
      });
      const verdict = await traffic.verdict();
      const percentile = (share: number) => histogram.percentile(share) / 1_000;
      const common = { durability: traffic.durability, deliveries: verdict };
      const voidReasonsOf = (measured: readonly Stretch[]) => [
        ...new Set([...measured.flatMap(({ voidReasons }) => voidReasons), ...reasonsOf(verdict)]),
      ];
      return {
        scenario: 's-1',
        figures: [
          {
            ...common,
            what: 'delivered and acked, closed loop',
            unit: 'µs CPU/message',
            goal: '≤ 5',
            values: stretches.map(microsecondsOf),
            details: detailsOf(stretches),
            voidReasons: voidReasonsOf(stretches),
          },
          {
            ...common,
            what: `latency p99 at ${RATE} msg/s, open loop`,
            unit: 'ms',
            goal: '≤ 5',
            values: [percentile(99)],
            details: { 'p50 ms': percentile(50), 'p99 ms': percentile(99), 'p99.9 ms': percentile(99.9), ...detailsOf([open]) },
            voidReasons: voidReasonsOf([open]),
          },
        ],
        remarks: [`latency counts from the intended send time; the generator looks every ${TICK_MS} ms what is due`],
      };
    } finally {
      await fleet.stop();
    }
  },
};
