import { IrisError } from '../contract/errors.ts';
import type { Layout } from '../contract/layout.ts';
import { BUCKET_QUERY_RETRY_MS, FETCH_WAIT_MS } from '../contract/limits.ts';
import type { Timer } from '../ports/clock.ts';
import type { InboxCursor, InboxSubscriber, InboxSubscription, Reading } from '../ports/inbox-feed.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import type { FaultOptions } from '../wire/v2/fault.ts';
import type { FetchFrame } from '../wire/v2/fetch.ts';
import { encodeGeneration, type GenerationFrame } from '../wire/v2/generation.ts';
import { Reads, type ReadsKind } from '../wire/v2/hello.ts';
import { FETCH_VERSION } from '../wire/v2/opcodes.ts';
import { BucketCursors } from './bucket-cursors.ts';
import { BucketReads } from './bucket-reads.ts';
import type { PushWindow } from './push-window.ts';
import type { SessionParts } from './session-parts.ts';

export interface ReadingLogin {
  readonly user: Buffer;
  readonly version: number;
  readonly cursors: readonly InboxCursor[];
  readonly loginStamp: number;
  readonly reads: ReadsKind;
}

/** What a reading needs of its session. */
export interface ReadingSession extends InboxSubscriber {
  readonly isOpen: boolean;
  writer(): ByteWriter;
  end(fault: FaultOptions): void;
}

/** What one v2 session reads: the user’s own inbox, and its buckets once it is promoted; or a share of the buckets, as FETCH asks. */
export class ReadingV2 {
  subscription: InboxSubscription;
  private readonly parts: SessionParts;
  private readonly pushWindow: PushWindow;
  private readonly session: ReadingSession;
  private readonly login: ReadingLogin;
  private reads: BucketReads | undefined;
  /** Of the buckets that are read here; undefined while the client has nothing of any. */
  private cursors: BucketCursors | undefined;
  private layout: Layout | undefined;
  private isHomeAtEnd = false;
  private hasSaidBye = false;
  /** It said BYE before its buckets were known. */
  private isLeaving = false;
  private told: GenerationFrame | undefined;
  /** The last FETCH, and since when it is unanswered. */
  private fetched: FetchFrame | undefined;
  private fetchedMs = 0;
  private isAsking = false;
  /** Until the home is asked again; there is one at a time, however often the client asks. */
  private retry: Timer | undefined;

  constructor(parts: SessionParts, session: ReadingSession, options: { login: ReadingLogin; pushWindow: PushWindow }) {
    const { user, cursors, version, loginStamp, reads } = options.login;
    this.parts = parts;
    this.session = session;
    this.pushWindow = options.pushWindow;
    this.login = options.login;
    if (cursors.some(({ bucket }) => bucket !== 0)) this.openCursors();
    if (reads === Reads.shares) {
      this.subscription = notAtHome(session);
      return;
    }
    const address = parts.router.ownerOf(user);
    const { pushWindow: credit } = options;
    const takesEphemerals = version >= 3;
    this.subscription = parts.feed.attach({ address, user, cursors, credit, loginStamp, isSelective: false, takesEphemerals }, session);
  }

  /** The inbox is promoted: from now on its buckets are read as well, here or by further connections. */
  laidOut(layout: Layout, readStamp: number): void {
    this.layout = layout;
    if (this.login.reads !== Reads.own) {
      const reads = this.reads ?? this.readBuckets();
      reads.laidOut(layout, readStamp);
      if (this.isLeaving) reads.detach({ flush: true });
      this.isLeaving = false;
    }
    this.tell();
  }

  /** Nothing more will enter the user’s own inbox. */
  homeEnded(): void {
    this.isHomeAtEnd = true;
    this.reads?.homeEnded();
    this.tell();
  }

  /** @throws IrisError FRAME_MALFORMED */
  fetch(frame: FetchFrame): void {
    const { fetched } = this;
    if (this.login.reads !== Reads.shares)
      throw new IrisError('FRAME_MALFORMED', 'FETCH on a connection whose HELLO did not say that it reads shares');
    if (fetched !== undefined && (frame.share !== fetched.share || frame.shares !== fetched.shares)) {
      const [before, now] = [fetched, frame].map(({ share, shares }) => `${share} of ${shares}`);
      throw new IrisError('FRAME_MALFORMED', `FETCH of share ${now} on a connection that reads ${before}; open another`);
    }
    this.fetched = frame;
    this.fetchedMs = this.parts.clock.monotonicMs();
    this.ask(frame);
  }

  /** The client leaves in order: what it acknowledged becomes durable first. False for one that says so again: each costs a synced commit (A8). */
  leave(): boolean {
    if (this.hasSaidBye) return false;
    this.hasSaidBye = true;
    // Where the buckets are that its cursors name, only the layout says; without one the farewell stays out.
    this.isLeaving = this.reads === undefined && this.cursors?.isEmpty === false;
    if (!this.isLeaving) this.subscription.detach({ flush: true });
    return true;
  }

  /** One of a bucket may come before the bucket is open: then it is opened from there. */
  acknowledge(cursor: InboxCursor): void {
    if (cursor.bucket === 0 || this.reads !== undefined) this.subscription.acknowledge(cursor);
    else if (this.login.reads !== Reads.own) this.openCursors().note(cursor);
  }

  private openCursors(): BucketCursors {
    this.cursors ??= new BucketCursors(this.login.reads === Reads.own ? [] : this.login.cursors);
    return this.cursors;
  }

  private readBuckets(): BucketReads {
    const { feed, router, clock } = this.parts;
    const { pushWindow, subscription: home, session: subscriber } = this;
    const cursors = this.openCursors();
    const { user } = this.login;
    const progressed = () => this.tell();
    const parts = { home, clock, feed, router, pushWindow, user, cursors, isSelective: false, subscriber, progressed };
    this.reads = new BucketReads(parts);
    this.subscription = this.reads;
    return this.reads;
  }

  /** Says how far this connection is, where that has changed. */
  private tell(): void {
    const { layout, told } = this;
    if (layout === undefined || this.login.version < FETCH_VERSION || !this.session.isOpen) return;
    const newest = layout.generations.at(-1)?.number ?? 0;
    const oldest = layout.generations.find(({ isDrained }) => !isDrained)?.number ?? newest;
    const login = this.fetched?.login ?? this.login.loginStamp;
    const frame = { ...(this.reads?.progress ?? this.ownProgress(oldest)), oldest, newest, login };
    const isKnown =
      told?.pushed === frame.pushed && told.isCaughtUp === frame.isCaughtUp && told.oldest === oldest && told.newest === newest;
    if (isKnown) return;
    this.told = frame;
    encodeGeneration(this.session.writer(), frame);
  }

  private ownProgress(oldest: number): { pushed: number; isCaughtUp: boolean } {
    return { pushed: this.isHomeAtEnd || oldest > 0 ? Math.max(1, oldest) : 0, isCaughtUp: false };
  }

  /** The home knows where the buckets are, and whether this connection’s client still reads the inbox. */
  private ask({ login }: FetchFrame): void {
    if (this.isAsking) return;
    this.isAsking = true;
    this.retry?.stop();
    const { feed, router } = this.parts;
    const { user } = this.login;
    void feed.reading(router.ownerOf(user), user, login).then((answer) => {
      this.isAsking = false;
      if (this.session.isOpen) this.answered(answer);
    });
  }

  private answered(answer: Reading | 'other' | 'unknown' | undefined): void {
    const fetched = this.fetched as FetchFrame;
    if (answer === 'unknown') {
      this.session.end({ code: 'FETCH_UNSUPPORTED', message: 'the inbox’s owner does not know shares; read it over one connection' });
      return;
    }
    const isReading = answer !== undefined && answer !== 'other';
    if (isReading && (answer.layout.generations.at(-1)?.number ?? 0) >= fetched.through) {
      const reads = this.reads ?? this.readBuckets();
      if (!this.isHomeAtEnd) reads.homeEnded();
      this.isHomeAtEnd = true;
      reads.want(fetched);
      this.laidOut(answer.layout, answer.readStamp);
    } else if (this.parts.clock.monotonicMs() - this.fetchedMs < FETCH_WAIT_MS) {
      this.retry = this.parts.clock.after(BUCKET_QUERY_RETRY_MS, () => {
        if (this.session.isOpen) this.ask(this.fetched as FetchFrame);
      });
    } else if (answer === 'other') this.session.end({ code: 'SESSION_REPLACED', message: 'another login reads the inbox' });
    else
      this.session.end({
        code: 'SHARD_UNAVAILABLE',
        message: 'the owner of the inbox does not answer',
        retryAfterMs: BUCKET_QUERY_RETRY_MS,
      });
  }
}

/** In the place of the user’s own inbox, which another connection reads. */
function notAtHome(session: InboxSubscriber): InboxSubscription {
  const nothing = () => undefined;
  return {
    grant: nothing,
    acknowledge: nothing,
    remove: nothing,
    markRead: nothing,
    askStatus: nothing,
    detach: ({ flush }) => {
      if (flush) session.ended('flushed');
    },
  };
}
