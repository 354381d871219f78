import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Kernel clock ticks a second, as /proc counts CPU time: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** User and system seconds of these processes so far, all threads, also those that have ended. */
export function cpuSeconds(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold spaces; utime and stime are the 12th and 13th fields after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks / TICKS_PER_SECOND;
}

/** Bytes of memory that are these processes’ own, shared pages counted by their share. Socket buffers of the kernel are not in it. */
export function proportionalBytes(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1]) * 1_024;
}

/** The CPUs on which servers and generator run. */
export interface CpuPair {
  readonly server: number;
  readonly generator: number;
}

/** The first two CPUs that this process may use; undefined when there is one only. To be asked before this process is pinned. */
export function cpuPair(): CpuPair | undefined {
  const list = /^Cpus_allowed_list:\s+(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
  const allowed = list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
  const [server, generator] = allowed;
  return server === undefined || generator === undefined ? undefined : { server, generator };
}

/** Moves this process with all its threads to one CPU. */
export function pinThisProcess(cpu: number): void {
  spawnSync('taskset', ['-a', '-p', '-c', String(cpu), String(process.pid)], { stdio: 'ignore' });
}

/** Resolves after `ms`. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
