import { ENVELOPE_SENT_ON, envelopeCount, envelopeFlags, envelopeSequence, markKeyOf } from '../wire/envelope.ts';
import { SENT_ON } from './mark-owner.ts';
import { RowKey } from './row-key.ts';
import { filledHoles, withHole } from './sequence-holes.ts';
import type { SequenceMarks } from './sequence-marks.ts';

/** True for what a region that was lost had in a bucket of an older generation and sends on. */
export function isSentOn(envelope: Buffer): boolean {
  return (envelopeFlags(envelope) & ENVELOPE_SENT_ON) !== 0;
}

/** The key of the row that says what of a row came so. */
export function sentOnMarkKey(markKey: string): string {
  return markKey + SENT_ON;
}

/**
 * What an inbox took out of an older generation that a lost region had: below the mark that it has from that generation, but no duplicate. It may
 * come more than once and is one then, so it has marks of its own (docs/decisions/0012).
 */
export class SentOnMarks {
  private readonly marks: SequenceMarks;
  private readonly key = new RowKey();

  constructor(marks: SequenceMarks) {
    this.marks = marks;
  }

  has({ markKey, first, last }: { markKey: string; first: number; last: number }): boolean {
    const { high, holes } = this.marks.mark(sentOnMarkKey(markKey));
    return last <= high && filledHoles(holes, { first, last, previous: first - 1 }) === undefined;
  }

  /** With the batch; returns how to undo it. */
  note(envelope: Buffer): () => void {
    const markKey = sentOnMarkKey(markKeyOf(envelope));
    const { high, holes } = this.marks.mark(markKey);
    const first = envelopeSequence(envelope);
    const last = first + envelopeCount(envelope) - 1;
    const open = first > high + 1 ? withHole(holes, { from: high, to: first - 1 }) : holes;
    this.marks.setHoles(markKey, filledHoles(open, { first, last, previous: first - 1 }) ?? open);
    this.marks.touch(this.marks.row(this.key.ofText(markKey)), this.key, Math.max(high, last));
    return () => this.marks.setHoles(markKey, holes);
  }
}
