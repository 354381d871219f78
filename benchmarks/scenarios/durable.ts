import type { Benchmark } from '../benchmark.ts';
import type { SendShape } from '../message-sender.ts';
import type { Figure } from '../report.ts';
import { ServerFleet } from '../server-fleet.ts';
import { reasonsOf, type Stretch, Traffic } from '../traffic.ts';

const BODY_BYTES = 64;
/** Four frames of 500 stay below the 8,000 messages that a session may have on their way. */
const BATCHES: SendShape = { frameMessages: 500, bodyBytes: BODY_BYTES, window: 4 };
const SINGLES: SendShape = { frameMessages: 1, bodyBytes: BODY_BYTES, window: 64 };
/** A single costs some twenty times a message of a batch: fewer give rounds of like length. */
const SINGLES_SHARE = 1 / 16;

export const benchmark: Benchmark = {
  name: 'durable',
  summary: 'CPU of an edge and a core per durable, acknowledged and received message: frames of 500 and of 1',
  flags: [
    { name: 'messages', meaning: 'messages of a round in frames of 500; a round of singles has a sixteenth', fallback: 2_000_000 },
    { name: 'rounds', meaning: 'rounds of each kind, in the order ABBA', fallback: 4 },
    { name: 'senders', meaning: 'senders, each with an online receiver of its own', fallback: 100 },
  ],
  async run(flag, io) {
    const fleet = await ServerFleet.start(1, io);
    try {
      const traffic = await Traffic.open(fleet, { senders: flag('senders'), recipientsOf: (sender) => [`reader-${sender}`] });
      const messages = flag('messages');
      const rounds = {
        batches: { shape: BATCHES, messages, stretches: [] as Stretch[] },
        singles: { shape: SINGLES, messages: messages * SINGLES_SHARE, stretches: [] as Stretch[] },
      };
      io.note('warming up');
      for (const { shape, messages: count } of Object.values(rounds)) await traffic.closedLoop(count / 4, shape);
      for (const kind of abba(flag('rounds'))) {
        const { shape, messages: count, stretches } = rounds[kind];
        const stretch = await traffic.closedLoop(count, shape);
        stretches.push(stretch);
        io.note(`${kind}: ${stretch.messages} messages, ${microsecondsOf(stretch).toFixed(2)} µs each`);
      }
      const verdict = await traffic.verdict();
      const figure = (what: string, stretches: readonly Stretch[]): Figure => ({
        what,
        unit: 'µs CPU/message',
        values: stretches.map(microsecondsOf),
        durability: traffic.durability,
        deliveries: verdict,
        details: detailsOf(stretches),
        voidReasons: [...new Set([...stretches.flatMap(({ voidReasons }) => voidReasons), ...reasonsOf(verdict)])],
      });
      return {
        scenario: 'durable',
        figures: [
          figure(`frames of 500 × ${BODY_BYTES} B`, rounds.batches.stretches),
          figure(`frames of 1 × ${BODY_BYTES} B`, rounds.singles.stretches),
        ],
        remarks: [
          `${flag('senders')} senders, each to an online receiver that acknowledges every envelope; received counts the whole run with its warm-up`,
        ],
      };
    } finally {
      await fleet.stop();
    }
  },
};

/** batches singles singles batches, again and again until each kind has had its rounds. */
function abba(rounds: number): ('batches' | 'singles')[] {
  return Array.from({ length: rounds }, (_, round) =>
    round % 2 === 0 ? (['batches', 'singles'] as const) : (['singles', 'batches'] as const),
  ).flat();
}

export function microsecondsOf({ serverSeconds, messages }: Stretch): number {
  return (serverSeconds / Math.max(1, messages)) * 1e6;
}

/** Readings beside the figure, from the last round. */
export function detailsOf(stretches: readonly Stretch[]): Record<string, number> {
  const last = stretches.at(-1);
  if (last === undefined) return {};
  const { messages, wallSeconds, coreSeconds, serverSeconds, generatorBusy, envelopesPerCommit } = last;
  return {
    'messages/s': Math.round(messages / wallSeconds),
    'core %': Math.round((coreSeconds / Math.max(0.001, serverSeconds)) * 100),
    'servers busy %': Math.round((serverSeconds / wallSeconds) * 100),
    'generator busy %': Math.round(generatorBusy * 100),
    'envelopes/commit': Number(envelopesPerCommit.toFixed(1)),
  };
}
