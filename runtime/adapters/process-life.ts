import { readFileSync, readlinkSync } from 'node:fs';
import { errorLine } from '../contract/errors.ts';
import { systemCode } from '../contract/system-error.ts';
import type { ProcessLife } from './leased-ownership.ts';

/**
 * The life of processes of this machine, by boot, process namespace, number and start. Undefined where the system does not tell, and of
 * processes of another boot or namespace nothing is known: those leases run out by themselves.
 */
export function machineLife(): ProcessLife | undefined {
  const place = placeOf();
  const start = startOf(process.pid);
  if (place === undefined || start === undefined) return undefined;
  return {
    self: `${place}/${process.pid}/${start}`,
    isGone(other) {
      const [boot, namespace, pid, started] = other.split('/');
      if (`${boot}/${namespace}` !== place || !/^\d+$/.test(pid ?? '')) return false;
      const found = startOf(Number(pid));
      return found === undefined || found !== started;
    },
  };
}

function placeOf(): string | undefined {
  const boot = readIfThere(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
  const namespace = readIfThere(() => readlinkSync('/proc/self/ns/pid'));
  return boot === undefined || namespace === undefined ? undefined : `${boot}/${namespace}`;
}

/** The kernel’s start time of a process; undefined when it is gone, or only waits for its parent to take note. */
function startOf(pid: number): string | undefined {
  const stat = readIfThere(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // Fields are counted behind the name, which may itself hold spaces and brackets.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields === undefined || fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

function readIfThere(read: () => string): string | undefined {
  try {
    return read();
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(systemCode(error) ?? '')) return undefined;
    throw new Error(`the life of processes cannot be told: ${errorLine(error)}`, { cause: error });
  }
}
