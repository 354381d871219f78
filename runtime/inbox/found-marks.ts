import type { Generation } from '../contract/layout.ts';
import type { StoredMark } from '../ports/inbox-store.ts';
import { withHoles } from './sequence-holes.ts';

/** What the generations of an inbox have of one row, asked from the newest on. */
export interface FoundMark {
  mark: StoredMark | undefined;
  /** The number of the one that has it. */
  generation: number;
  /** Holes of older ones: what a lost region sent on out of them after the newer had taken over their mark (docs/decisions/0012). */
  sentOn: StoredMark['holes'];
}

/** Whether a generation has to be asked: nothing newer has the row, or it may have sent on what that counts as taken. */
export function isWanted({ mark, generation }: FoundMark, asked: Generation, generations: readonly Generation[]): boolean {
  if (mark === undefined) return true;
  if (!isFromBefore(asked, generations)) return false;
  // The one that was open when the region was lost follows the last that was sealed; whatever came after its return has asked already.
  const lastSealed = Math.max(...generations.filter((one) => isFromBefore(one, generations)).map(({ number }) => number));
  return generation <= lastSealed + 1;
}

export function take(found: FoundMark, mark: StoredMark | undefined, { number }: Generation): void {
  if (found.mark !== undefined) found.sentOn = [...found.sentOn, ...(mark?.holes ?? [])];
  else if (mark !== undefined) Object.assign(found, { mark, generation: number });
}

/** With what the user’s own inbox has, where that is later. */
export function finalMark({ mark, sentOn }: FoundMark, own: StoredMark | undefined): StoredMark | undefined {
  if ((own?.high ?? 0) > (mark?.high ?? 0)) return own;
  return mark && withHoles(mark, sentOn, own);
}

/** Sealed before the user came back from the heirs, when its own inbox was opened and sealed once more. */
function isFromBefore({ number, isSealed, sealedAtMs }: Generation, [first]: readonly Generation[]): boolean {
  return first?.number === 0 && number > 0 && isSealed && sealedAtMs < first.sealedAtMs;
}
