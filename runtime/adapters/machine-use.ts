import { readFileSync, statfsSync } from 'node:fs';
import { availableParallelism, freemem, totalmem } from 'node:os';
import type { Clock } from '../ports/clock.ts';
import type { Telemetry } from '../ports/telemetry.ts';

/**
 * How much of its machine a node uses: this process’s processor time since the last reading, as a share of all processors; memory that
 * nothing could be given, the node’s or another’s; the busier direction of the network; and `directory`’s disk, for who has a store.
 */
export function measureMachine({ telemetry, clock, directory }: { telemetry: Telemetry; clock: Clock; directory?: string }): void {
  const cpu = new Rate(clock, () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000_000;
  });
  const network = [new Rate(clock, () => networkBytes().received), new Rate(clock, () => networkBytes().sent)];
  telemetry.gauge(
    'iris_cpu_percent',
    'Processor time of this process since the last reading, of all processors',
    () => (cpu.perSecond() / availableParallelism()) * 100,
  );
  telemetry.gauge('iris_memory_percent', 'Memory of the machine that is not available', () => (1 - freemem() / totalmem()) * 100);
  telemetry.gauge(
    'iris_network_megabits',
    'Megabits a second that the machine sent or received since the last reading, whichever is more',
    () => Math.max(...network.map((rate) => rate.perSecond())) / BYTES_PER_MEGABIT,
  );
  if (directory !== undefined) telemetry.gauge('iris_disk_percent', 'Use of the disk that holds the store', () => diskPercent(directory));
}

/** Two readings at once share a figure: a span of a few milliseconds says nothing. */
const SPAN_MS_MIN = 1_000;
const BYTES_PER_MEGABIT = 125_000;

/** Growth of a total between two readings. */
class Rate {
  private readonly clock: Clock;
  private readonly total: () => number;
  private lastTotal: number;
  private lastMs: number;
  private rate = 0;

  constructor(clock: Clock, total: () => number) {
    this.clock = clock;
    this.total = total;
    this.lastTotal = total();
    this.lastMs = clock.monotonicMs();
  }

  perSecond(): number {
    const now = this.clock.monotonicMs();
    if (now - this.lastMs < SPAN_MS_MIN) return this.rate;
    const total = this.total();
    this.rate = ((total - this.lastTotal) / (now - this.lastMs)) * 1_000;
    this.lastTotal = total;
    this.lastMs = now;
    return this.rate;
  }
}

/** Of every interface but the loopback; NaN where the system is not Linux. */
function networkBytes(): { received: number; sent: number } {
  let table: string;
  try {
    table = readFileSync('/proc/net/dev', 'latin1');
  } catch {
    return { received: Number.NaN, sent: Number.NaN };
  }
  let [received, sent] = [0, 0];
  for (const [, name, figures] of table.matchAll(/^\s*([^\s:]+):\s*(.*)$/gm)) {
    if (name === 'lo') continue;
    const columns = (figures as string).split(/\s+/).map(Number);
    received += columns[0] as number;
    sent += columns[8] as number;
  }
  return { received, sent };
}

function diskPercent(directory: string): number {
  const { blocks, bavail } = statfsSync(directory);
  return (1 - bavail / blocks) * 100;
}
