import type { InboxGap } from '../contract/inbox-gap.ts';
import type { Authenticator } from '../ports/authenticator.ts';
import type { Bus, Publication } from '../ports/bus.ts';
import type { Clock, Random } from '../ports/clock.ts';
import type { InboxFeed } from '../ports/inbox-feed.ts';
import type { LoadLevel } from '../ports/load-level.ts';
import type { MessageRouter } from '../ports/message-router.ts';
import type { WatchedPresence } from '../ports/presence.ts';
import type { RateLimits } from '../ports/rate-limits.ts';
import type { SessionDirectory } from '../ports/session-directory.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import type { Bursts } from '../wire/bursts.ts';
import type { ByteReader } from '../wire/byte-reader.ts';
import type { SendFrame } from '../wire/v2/send.ts';
import type { PushStock } from './push-window.ts';
import type { SessionTimes } from './session-times.ts';
import type { Stamps } from './stamps.ts';

/** What all sessions of one edge share. */
export interface SessionParts {
  readonly router: MessageRouter;
  readonly bus: Bus;
  readonly feed: InboxFeed;
  readonly authenticator: Authenticator;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  readonly directory: SessionDirectory;
  readonly rates: RateLimits;
  readonly presence: WatchedPresence;
  readonly load: LoadLevel;
  readonly bursts: Bursts;
  readonly stamps: Stamps;
  readonly counters: SessionCounters;
  readonly times: SessionTimes;
  /** Filled anew for each send; the bus copies it. */
  readonly publication: Publication;
  /** Frames are handled one after the other, so all sessions read through these. */
  readonly reader: ByteReader;
  readonly sendFrame: SendFrame;
  readonly region: string;
  readonly awsRegion: string;
  readonly node: string;
  readonly sessionQueuedBytesMax: number;
  readonly pushStock: PushStock;
  /** What stands for the other side of a connection in `rates`; undefined where its network is not limited. */
  readonly limitedAddress: (remoteAddress: string) => string | undefined;
  nextPublisherId(): number;
  /** A client whose protocol has no word for it cannot be told of missing messages: the operator is. */
  gapUntold(gap: InboxGap, protocol: string): void;
  isDraining(): boolean;
}

export interface SessionCounters {
  readonly messagesIn: { value: number };
  readonly messagesAcknowledged: { value: number };
  readonly messagesRefused: { value: number };
  readonly messagesOut: { value: number };
  readonly gapMessages: { value: number };
  readonly faults: { value: number };
}

export function sessionCounters(telemetry: Telemetry): SessionCounters {
  return {
    messagesIn: telemetry.counter('iris_messages_in_total', 'Messages received from clients'),
    messagesAcknowledged: telemetry.counter('iris_messages_acknowledged_total', 'Messages acknowledged to their senders'),
    messagesRefused: telemetry.counter('iris_messages_refused_total', 'Messages refused to their senders'),
    messagesOut: telemetry.counter('iris_messages_out_total', 'Messages delivered to clients'),
    gapMessages: telemetry.counter('iris_gap_messages_total', 'Messages missing from inboxes, as told to their readers'),
    faults: telemetry.counter('iris_connection_faults_total', 'Connections ended by a fault of the client'),
  };
}

/** A session as the edge sees it. */
export interface Session {
  received(chunk: Buffer): void;
  drained(): void;
  closed(): void;
  /** Ends the session when it has been idle for too long. */
  checkIdle(nowMs: number): void;
  /** Tells the client to go elsewhere after `reconnectAfterMs`. */
  goAway(reconnectAfterMs: number): void;
  readonly isLoggedIn: boolean;
}
