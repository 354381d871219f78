import { readFileSync } from 'node:fs';
import { systemCode } from '../../runtime/contract/system-error.ts';

/**
 * A process that is still the same after its number may have been given to another. `startTicks` is the kernel's start time of the
 * process (clock ticks since boot); null where there is no /proc, and then the number alone has to do.
 */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTicks: string | null;
}

export function identityOf(pid: number): ProcessIdentity {
  return { pid, startTicks: readStat(pid)?.startTicks ?? null };
}

/** True while that very process runs. A zombie, which waits for its parent to take note, counts as gone. */
export function isRunning(identity: ProcessIdentity): boolean {
  if (!answersSignal(identity.pid)) return false;
  const stat = readStat(identity.pid);
  if (stat === undefined) return true;
  return stat.state !== 'Z' && stat.state !== 'X' && (identity.startTicks === null || identity.startTicks === stat.startTicks);
}

/** Signal 0 only asks. A process of another user answers EPERM, which is an answer. */
function answersSignal(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}

/** Fields of /proc/<pid>/stat, counted after the command's name, which may itself hold spaces and brackets. */
function readStat(pid: number): { state: string; startTicks: string } | undefined {
  const STATE = 0;
  const START_TIME = 19;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[STATE] ?? '', startTicks: fields[START_TIME] ?? '' };
  } catch (error) {
    if (systemCode(error) !== undefined) return undefined;
    throw error;
  }
}
