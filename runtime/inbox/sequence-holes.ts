import { HOLES_MAX } from '../contract/limits.ts';
import type { StoredMark } from '../ports/inbox-store.ts';
import { ENVELOPE_STATUS_EXACT, ENVELOPE_STATUS_WANTED, envelopeFlags, withFlags } from '../wire/envelope.ts';

type Holes = StoredMark['holes'];
const NO_HOLES: Holes = [];

/** Holds for every sequence that one of the two holds for. */
export function mergedMark(one: StoredMark, other: StoredMark): StoredMark {
  const holes = [...holesBeside(one.holes, other), ...holesBeside(other.holes, one)];
  return { high: Math.max(one.high, other.high), holes: holes.reduce<Holes>(withHole, NO_HOLES) };
}

/** The mark with what of `holes` is not known to be taken by `other`. */
export function withHoles(mark: StoredMark, holes: Holes, other: StoredMark | undefined): StoredMark {
  const open = other === undefined ? holes : holesBeside(holes, other);
  return open.length === 0 ? mark : { high: mark.high, holes: open.reduce<Holes>(withHole, mark.holes) };
}

/** The holes with one more, ascending. Beyond HOLES_MAX the lowest two become one: what was there between them would count as new, if it came again. */
export function withHole(holes: Holes, hole: Holes[number]): Holes {
  const joined: { from: number; to: number }[] = [];
  for (const next of [...holes, hole].toSorted((a, b) => a.from - b.from)) {
    const last = joined.at(-1);
    if (last === undefined || next.from > last.to) joined.push({ ...next });
    else last.to = Math.max(last.to, next.to);
  }
  const [lowest, second, ...rest] = joined;
  return joined.length <= HOLES_MAX ? joined : [{ from: (lowest as Holes[number]).from, to: (second as Holes[number]).to }, ...rest];
}

/** The holes once `first` to `last`, which follow `previous`, have been taken; undefined where no hole has room for all of them. */
export function filledHoles(holes: Holes, { first, last, previous }: { first: number; last: number; previous: number }): Holes | undefined {
  const hole = holes.find(({ from, to }) => first > from && last <= to);
  if (hole === undefined) return undefined;
  const before = previous > hole.from ? [{ from: hole.from, to: previous }] : [];
  const after = last < hole.to ? [{ from: last, to: hole.to }] : [];
  return [...holes.filter((other) => other !== hole), ...before, ...after];
}

/** What of `holes` the other mark does not hold for either. */
function holesBeside(holes: Holes, { high, holes: theirs }: StoredMark): Holes {
  return holes.flatMap(({ from, to }) =>
    [...theirs, { from: high, to: Number.MAX_SAFE_INTEGER }]
      .map((hole) => ({ from: Math.max(from, hole.from), to: Math.min(to, hole.to) }))
      .filter((hole) => hole.to > hole.from),
  );
}

/** An earlier message may come after this one, so the delivery of this one says nothing of it. */
export function exactly(envelope: Buffer): Buffer {
  return (envelopeFlags(envelope) & ENVELOPE_STATUS_WANTED) === 0 ? envelope : withFlags(envelope, ENVELOPE_STATUS_EXACT);
}
