import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** User and system seconds of these processes so far, all threads: Node keeps its threads, so none is missed. */
export function cpuSeconds(pids: readonly number[]): number {
  let nanoseconds = 0;
  for (const pid of pids) {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
    }
  }
  return nanoseconds / 1e9;
}

/** Clock ticks of a second in /proc, on every Linux. */
const TICKS_A_SECOND = 100;

/** The same in steps of 10 ms, threads that have ended included: for processes that are not Node’s. */
export function tickedCpuSeconds(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Counted after the command’s name: state is the first field, user and system time the 12th and 13th.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks / TICKS_A_SECOND;
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
