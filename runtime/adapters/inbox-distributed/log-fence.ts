import { IrisError } from '../../contract/errors.ts';
import type { GroupLog } from '../../ports/group-log.ts';
import { readHead } from './group-entries.ts';

/** Offsets between which an owner has appended. */
export interface AppendedRange {
  /** Behind its last entry that is known to count. */
  readonly from: number;
  /** Of its newest entry. */
  readonly last: number;
}

/**
 * Reads whether a later owner’s entry stands before this one’s newest, which does not count then, whatever this one’s clock says of its lease: that of a
 * machine that was suspended stood still with it.
 * @throws IrisError OWNERSHIP_LOST, ENGINE_UNAVAILABLE
 */
export async function checkFence({ log, epoch }: { log: GroupLog; epoch: number }, { from, last }: AppendedRange): Promise<void> {
  if (from >= last) return;
  for await (const entries of log.read(from)) {
    for (const { offset, body } of entries) {
      if (offset >= last) return;
      const later = readHead(body).epoch;
      if (later > epoch) throw new IrisError('OWNERSHIP_LOST', `${log.name} has an entry of epoch ${later}, this lease is of ${epoch}`);
    }
  }
}
