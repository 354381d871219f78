import { SEQUENCE_RANGES_MAX } from './limits.ts';

/** Sequences after `after`, up to and with `through`. */
export interface SequenceRange {
  readonly after: number;
  readonly through: number;
}

/** Which of one device’s messages to one recipient something holds for: ranges that neither touch nor overlap, ascending. */
export type SequenceSet = readonly SequenceRange[];

/**
 * The set with the ranges of another. Keeps `rangesMax` ranges at the most; beyond them it forgets the lowest ones, so that it says too
 * little and never too much.
 */
export function unite(set: SequenceSet, more: SequenceSet, rangesMax = SEQUENCE_RANGES_MAX): SequenceSet {
  const all = [...set, ...more].filter(({ after, through }) => through > after).toSorted((a, b) => a.after - b.after);
  const united: { after: number; through: number }[] = [];
  for (const range of all) {
    const last = united.at(-1);
    if (last === undefined || range.after > last.through) united.push({ ...range });
    else last.through = Math.max(last.through, range.through);
  }
  return united.slice(-rangesMax);
}

/** True when every sequence of `range` is in the set. */
export function covers(set: SequenceSet, range: SequenceRange): boolean {
  return set.some(({ after, through }) => after <= range.after && range.through <= through);
}

/** What of the set is not above `through`. */
export function clampTo(set: SequenceSet, through: number): SequenceSet {
  return set.filter(({ after }) => after < through).map((range) => ({ after: range.after, through: Math.min(range.through, through) }));
}

/** True when both sets hold the same. */
export function isSameSet(a: SequenceSet, b: SequenceSet): boolean {
  return a.length === b.length && a.every(({ after, through }, i) => after === b[i]?.after && through === b[i]?.through);
}
