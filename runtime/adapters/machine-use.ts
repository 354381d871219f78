import { statfsSync } from 'node:fs';
import { availableParallelism, freemem, totalmem } from 'node:os';
import type { Clock } from '../ports/clock.ts';
import type { Telemetry } from '../ports/telemetry.ts';

/**
 * How much of its machine a node uses: this process’s processor time since the last reading, as a share of all processors; memory that
 * nothing could be given, the node’s or another’s; and of `directory`’s disk where it has one. Read when metrics are collected.
 */
export function measureMachine({ telemetry, clock, directory }: { telemetry: Telemetry; clock: Clock; directory?: string }): void {
  let spent = process.cpuUsage();
  let readMs = clock.monotonicMs();
  let percent = 0;
  telemetry.gauge('iris_cpu_percent', 'Processor time of this process since the last reading, of all processors', () => {
    const now = clock.monotonicMs();
    // Two readers at once share a figure: a span of a few milliseconds says nothing.
    if (now - readMs < CPU_SPAN_MS) return percent;
    const use = process.cpuUsage(spent);
    percent = ((use.user + use.system) / 1_000 / (now - readMs) / availableParallelism()) * 100;
    spent = process.cpuUsage();
    readMs = now;
    return percent;
  });
  telemetry.gauge('iris_memory_percent', 'Memory of the machine that is not available', () => (1 - freemem() / totalmem()) * 100);
  if (directory !== undefined) telemetry.gauge('iris_disk_percent', 'Use of the disk that holds the store', () => diskPercent(directory));
}

const CPU_SPAN_MS = 1_000;

function diskPercent(directory: string): number {
  const { blocks, bavail } = statfsSync(directory);
  return (1 - bavail / blocks) * 100;
}
