import { readFileSync } from 'node:fs';

/** Files and sockets that this process may have open at one time; Infinity where the system does not tell. */
export function systemOpenFilesMax(): number {
  let limits: string;
  try {
    limits = readFileSync('/proc/self/limits', 'latin1');
  } catch {
    // Not Linux: there accept itself is the limit.
    return Number.POSITIVE_INFINITY;
  }
  const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
}
