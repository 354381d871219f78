import { GapReason, type InboxGap } from '../contract/inbox-gap.ts';
import { stampMs } from '../wire/envelope.ts';
import type { Cursor } from '../wire/v2/cursor.ts';
import type { Incoming } from './incoming.ts';

/** Messages to this user that will never be delivered. */
export interface MessageGap {
  /** How many; 0 where nobody knows. */
  readonly messages: number;
  /** Milliseconds since 1970 at which the first and the last of them were sent; 0 for unknown. */
  readonly firstSentAtMs: number;
  readonly lastSentAtMs: number;
  /** `expired`: they waited longer than the inbox keeps them. `other-log`: the server’s log is not the one this client knew. */
  readonly reason: 'expired' | 'other-log';
}

/** Gaps on their way to the application, which hears of each once. One it has not asked for is kept here and at the server (L4). */
export class IncomingGaps {
  private readonly incoming: Incoming;
  /** Tells the server that the application knows of everything through the cursor. */
  private readonly acknowledge: (cursor: Cursor) => void;
  /** By bucket and reason, the latest: a later one holds what an earlier one said. */
  private readonly waiting = new Map<string, InboxGap>();
  private readonly toldThrough = new Map<number, number>();
  private listener: ((gap: MessageGap) => void) | undefined;

  constructor(incoming: Incoming, acknowledge: (cursor: Cursor) => void) {
    this.incoming = incoming;
    this.acknowledge = acknowledge;
  }

  arrived(gap: InboxGap): void {
    if (gap.reason === GapReason.otherLog) this.incoming.forget(gap.bucket);
    this.waiting.set(`${gap.bucket} ${gap.reason}`, gap);
    this.tell();
  }

  /** Returns what ends it. */
  listen(listener: (gap: MessageGap) => void): () => void {
    this.listener = listener;
    this.tell();
    return () => {
      if (this.listener === listener) this.listener = undefined;
    };
  }

  private tell(): void {
    if (this.listener === undefined) return;
    for (const gap of this.waiting.values()) {
      const isExpired = gap.reason === GapReason.expired;
      if (!isExpired || gap.through > (this.toldThrough.get(gap.bucket) ?? 0)) this.listener(readable(gap));
      if (!isExpired) continue;
      this.toldThrough.set(gap.bucket, gap.through);
      this.acknowledge({ bucket: gap.bucket, position: gap.through, index: 0xffff });
    }
    this.waiting.clear();
  }
}

function readable({ messages, firstStamp, lastStamp, reason }: InboxGap): MessageGap {
  const times = { firstSentAtMs: stampMs(firstStamp), lastSentAtMs: stampMs(lastStamp) };
  return { messages, ...times, reason: reason === GapReason.expired ? 'expired' : 'other-log' };
}
