import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { IrisError } from '../../runtime/contract/errors.ts';
import { systemCode } from '../../runtime/contract/system-error.ts';
import { identityOf, isRunning, type ProcessIdentity } from './process-identity.ts';

/** Tries before giving up when other processes take the lock over at the same moment. */
const ATTEMPTS_MAX = 8;

export interface StateLock {
  /** True when the holder before us died without giving the lock back, so its nodes may still be leaving. */
  readonly wasTakenOver: boolean;
  release(): void;
}

/**
 * Makes this process the only one that works on a state folder. The lock names its holder; one whose holder is gone (kill -9,
 * power loss) is taken over. `inUse` says to whom it is refused what the holder does, and the remedy.
 * @throws IrisError STATE_IN_USE with the holder's pid.
 */
export function lockState(stateDirectory: string, inUse = fleetRuns): StateLock {
  mkdirSync(stateDirectory, { recursive: true });
  const path = join(stateDirectory, 'lock.json');
  let wasTakenOver = false;
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    if (createLock(path)) return { wasTakenOver, release: () => rmSync(path, { force: true }) };
    const holder = readHolder(path);
    if (holder !== undefined && isRunning(holder)) throw new IrisError('STATE_IN_USE', inUse(stateDirectory, holder.pid));
    wasTakenOver = removeStale(path) || wasTakenOver;
  }
  throw new IrisError('STATE_IN_USE', `${stateDirectory} is being taken over by another process; try again`);
}

/** The exclusive create is what decides between two processes. */
function createLock(path: string): boolean {
  try {
    writeFileSync(path, `${JSON.stringify(identityOf(process.pid))}\n`, { flag: 'wx' });
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Moves the stale lock aside before it is deleted, since a rename succeeds for one process only. If another process put a fresh lock
 * there meanwhile, that one was moved, and it goes back.
 */
function removeStale(path: string): boolean {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
  const holder = readHolder(aside);
  if (holder !== undefined && isRunning(holder)) {
    renameSync(aside, path);
    return false;
  }
  rmSync(aside, { force: true });
  return true;
}

/** Undefined when the file is gone, empty or torn: its writer died in the middle. */
function readHolder(path: string): ProcessIdentity | undefined {
  try {
    const holder: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return isIdentity(holder) ? holder : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function isIdentity(value: unknown): value is ProcessIdentity {
  return typeof value === 'object' && value !== null && 'pid' in value && Number.isInteger(value.pid) && 'startTicks' in value;
}

function fleetRuns(stateDirectory: string, pid: number): string {
  return `process ${pid} runs a fleet on ${stateDirectory}; stop it with kill ${pid}, or give this one a folder of its own with --state`;
}
