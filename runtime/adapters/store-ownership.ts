import { join } from 'node:path';
import { IrisError } from '../contract/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Disk } from '../ports/disk.ts';
import type { Lease, Ownership } from '../ports/ownership.ts';
import { systemDisk } from './disk-system.ts';
import { epochOfLog } from './inbox-log/log-chain.ts';
import { FileOwnership } from './ownership-file.ts';
import { machineLife } from './process-life.ts';

/** Who agrees on the owner of the store in `directory`: the nodes that have its volume. */
export function storeOwnership(
  directory: string,
  parts: { disk: Disk; clock: Clock; holder: string; lost: (reason: string) => void },
): Ownership {
  const { disk } = parts;
  const life = disk === systemDisk ? machineLife() : undefined;
  const epochInLog = () => epochOfLog(disk, join(directory, 'log'));
  return new FileOwnership({ ...parts, directory: join(directory, 'lease'), epochInLog, ...(life === undefined ? {} : { life }) });
}

/** Of a store that nobody else may open meanwhile. @throws IrisError STATE_IN_USE */
export async function takeStoreLease(
  directory: string,
  parts: { disk: Disk; clock: Clock; lost?: (reason: string) => void },
): Promise<Lease> {
  const lost = parts.lost ?? (() => undefined);
  const acquired = await storeOwnership(directory, { ...parts, holder: 'alone', lost }).acquire();
  if (acquired.kind === 'held') return acquired.lease;
  throw new IrisError('STATE_IN_USE', `the store ${directory} is held by ${acquired.holder} in epoch ${acquired.epoch}; stop it first`);
}
