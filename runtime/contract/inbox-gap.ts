/** Why messages are missing. Numbers are stored and sent, and never reused. */
export const GapReason = {
  /** They waited longer than the inbox keeps them, or were set aside (docs/decisions/0015) and given up. */
  expired: 1,
  /** The client’s cursor names a place that this log never had: it was another log’s. What the cursor covers is unknown here. */
  otherLog: 2,
} as const;

/** Messages of a bucket that will never be delivered (L4): some of those at positions `from` to `through`. Stamps as in an envelope, 0 for unknown. */
export interface InboxGap {
  readonly bucket: number;
  readonly from: number;
  readonly through: number;
  readonly messages: number;
  readonly firstStamp: number;
  readonly lastStamp: number;
  readonly reason: number;
}

/** One gap for both: readers hear of what is missing, not of how often it was looked for. */
export function joinGaps(a: InboxGap, b: InboxGap): InboxGap {
  return {
    bucket: a.bucket,
    from: Math.min(a.from, b.from),
    through: Math.max(a.through, b.through),
    messages: a.messages + b.messages,
    firstStamp: Math.min(a.firstStamp, b.firstStamp),
    lastStamp: Math.max(a.lastStamp, b.lastStamp),
    reason: b.reason,
  };
}
