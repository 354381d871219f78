import { type Audience, AudienceRoom } from '../contract/audience.ts';
import { type ErrorCode, errorLine, IrisError } from '../contract/errors.ts';
import * as limits from '../contract/limits.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { AudienceChange, UserStatus } from '../ports/inbox-feed.ts';
import type { LoadLevel } from '../ports/load-level.ts';
import type { PresenceOwner, PresenceWatcher } from '../ports/presence.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import type { Audiences } from './audiences.ts';

export interface OwnedPresenceParts {
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly load: LoadLevel;
  readonly audiences: Pick<Audiences, 'of' | 'set'>;
  /** Whether somebody reads the inbox now. Names one byte a character. */
  isOnline(user: string): boolean;
  isHome(user: Buffer): boolean;
  /** Seconds since 1970. @throws IrisError STORE_FAILED */
  readLastSeen(user: Buffer): Promise<number | undefined>;
}

/** A user who is watched. */
interface Watched {
  /** And whether each was last told that it is online; undefined before the first time. */
  readonly watchers: Map<PresenceWatcher, boolean | undefined>;
  /** Nobody is told anything before it is known who may see the user. */
  knowledge: 'none' | 'asked' | 'known';
  audience: Audience | undefined;
}

/** A user whose watchers may not know how it is. */
interface Change {
  /** Monotonic milliseconds before which nobody is told that it is offline. */
  readonly offlineMs: number;
  /** Seconds since 1970 at which it left; undefined: the store knows. */
  readonly leftSeconds: number | undefined;
}

/**
 * Who watches the users of one core. What is told is how the user is at that moment, so no older state follows a newer one, and many changes
 * cost as much as the last. Under load of level 2 changes wait and become one; messages never do.
 */
export class OwnedPresence implements PresenceOwner {
  private readonly parts: OwnedPresenceParts;
  /** By user, one byte a character. */
  private readonly watched = new Map<string, Watched>();
  private readonly changes = new Map<string, Change>();
  private readonly room = new AudienceRoom();
  private watches = 0;
  private readonly openedMs: number;
  private readonly toldCount: { value: number };
  private flushing: Timer | undefined;

  constructor(parts: OwnedPresenceParts) {
    this.parts = parts;
    this.openedMs = parts.clock.monotonicMs();
    this.toldCount = parts.telemetry.counter('iris_presence_told_total', 'States of users told to who watches them');
    parts.telemetry.gauge('iris_presence_watches', 'Users watched, once for each who watches', () => this.watches);
  }

  watch(watcher: PresenceWatcher, user: Buffer, { isAgain }: { readonly isAgain: boolean }): void {
    const key = user.toString('latin1');
    const watched: Watched = this.watched.get(key) ?? { watchers: new Map(), knowledge: 'none', audience: undefined };
    const refusal = this.refusalOf(watcher, user, watched);
    if (refusal !== undefined) {
      watcher.refused(user, refusal);
      return;
    }
    if (!watched.watchers.has(watcher)) this.watches++;
    watched.watchers.set(watcher, undefined);
    this.watched.set(key, watched);
    // Just opened, a core does not know yet who finds back to it.
    const nowMs = this.parts.clock.monotonicMs();
    const isEarly = nowMs - this.openedMs < limits.PRESENCE_GRACE_MS;
    const offlineMs = isAgain || isEarly ? nowMs + limits.PRESENCE_GRACE_MS : nowMs;
    if (!this.parts.isOnline(key) && offlineMs > nowMs) this.changes.set(key, { offlineMs, leftSeconds: undefined });
    if (watched.knowledge === 'known') this.tellNow(key, watched);
    else this.learn(key, watched);
    this.flushSoon();
  }

  unwatch(watcher: PresenceWatcher, user: Buffer): void {
    this.drop(user.toString('latin1'), watcher);
  }

  watcherClosed(watcher: PresenceWatcher): void {
    for (const [user, { watchers }] of this.watched) if (watchers.has(watcher)) this.drop(user, watcher);
  }

  async audience(user: Buffer, change?: AudienceChange): Promise<Audience | undefined> {
    const { audiences } = this.parts;
    if (!this.parts.isHome(user)) throw new IrisError('SHARD_MOVED', 'the user lives elsewhere');
    if (change === undefined) {
      const audience = await audiences.of(user);
      if (audience === 'unknown') throw new IrisError('OVERLOADED', 'the user is on its way here');
      return audience === 'everyone' ? undefined : audience;
    }
    await audiences.set(user, change);
    const key = user.toString('latin1');
    const watched = this.watched.get(key);
    if (watched !== undefined) this.learned(key, watched, change.audience);
    return change.audience;
  }

  /** Somebody reads the inbox, or nobody does any more. */
  changed(user: string): void {
    if (!this.watched.has(user)) return;
    const { clock } = this.parts;
    const leftSeconds = this.parts.isOnline(user) ? undefined : Math.floor(clock.nowMs() / 1_000);
    this.changes.set(user, { offlineMs: clock.monotonicMs() + limits.PRESENCE_GRACE_MS, leftSeconds });
    this.flushSoon();
  }

  /** A newer slot map is in force: users who live elsewhere now are watched there. */
  slotsChanged(): void {
    for (const [user, watched] of this.watched) {
      const name = Buffer.from(user, 'latin1');
      if (this.parts.isHome(name)) {
        this.learnAgain(user, watched);
        continue;
      }
      for (const watcher of watched.watchers.keys()) {
        this.drop(user, watcher);
        watcher.refused(name, 'SHARD_MOVED');
      }
    }
  }

  private refusalOf(watcher: PresenceWatcher, user: Buffer, { watchers }: Watched): ErrorCode | undefined {
    if (!this.parts.isHome(user)) return 'SHARD_MOVED';
    return this.watches >= limits.CORE_WATCHES_MAX && !watchers.has(watcher) ? 'WATCHES_LIMITED' : undefined;
  }

  private drop(user: string, watcher: PresenceWatcher): void {
    const watched = this.watched.get(user);
    if (!watched?.watchers.delete(watcher)) return;
    this.watches--;
    if (watched.watchers.size > 0) return;
    this.room.exchange(watched.audience, undefined);
    this.watched.delete(user);
    this.changes.delete(user);
  }

  /** Asks who may see the user; the flush asks again where that is not known yet. */
  private learn(user: string, watched: Watched): void {
    if (watched.knowledge !== 'none') return;
    watched.knowledge = 'asked';
    const isStale = () => this.watched.get(user) !== watched || watched.knowledge !== 'asked';
    this.parts.audiences.of(Buffer.from(user, 'latin1')).then(
      (audience) => {
        if (isStale()) return;
        if (audience !== 'unknown') this.learned(user, watched, audience === 'everyone' ? undefined : audience);
        else {
          watched.knowledge = 'none';
          if (!this.changes.has(user)) this.changes.set(user, { offlineMs: 0, leftSeconds: undefined });
          this.flushSoon();
        }
      },
      (error: unknown) => {
        this.parts.telemetry.log.error('audience-failed', { reason: errorLine(error) });
        if (isStale()) return;
        // They ask again, in turn.
        for (const watcher of watched.watchers.keys()) {
          this.drop(user, watcher);
          watcher.refused(Buffer.from(user, 'latin1'), 'STORE_FAILED');
        }
      },
    );
  }

  /** Who is seen by nobody may be so because its region was lost. */
  private learnAgain(user: string, watched: Watched): void {
    if (watched.knowledge !== 'known' || watched.audience?.length !== 0) return;
    watched.knowledge = 'none';
    this.learn(user, watched);
  }

  /** Everyone who watches is told anew what it was told last: it may be shown to others now. */
  private learned(user: string, watched: Watched, audience: Audience | undefined): void {
    watched.audience = this.room.exchange(watched.audience, audience);
    watched.knowledge = 'known';
    for (const [watcher, told] of watched.watchers) {
      if (told === true) this.tell(user, watcher, ONLINE);
      else watched.watchers.set(watcher, undefined);
    }
    this.tellNow(user, watched);
  }

  /** Who was not told how the user is. */
  private tellNow(user: string, { watchers }: Watched): void {
    if (!this.parts.isOnline(user)) this.tellOffline(user, undefined);
    else for (const [watcher, told] of watchers) if (told !== true) this.tell(user, watcher, ONLINE);
  }

  private flushSoon(): void {
    if (this.changes.size === 0) return;
    this.flushing ??= this.parts.clock.after(limits.PRESENCE_FLUSH_MS, () => {
      this.flushing = undefined;
      if (!this.parts.load.sheds('presence')) this.flush();
      this.flushSoon();
    });
  }

  private flush(): void {
    const nowMs = this.parts.clock.monotonicMs();
    let left = limits.PRESENCE_FRAMES_AT_ONCE;
    for (const [user, { offlineMs, leftSeconds }] of this.changes) {
      const watched = this.watched.get(user) as Watched;
      this.learn(user, watched);
      const isOnline = this.parts.isOnline(user);
      if (watched.knowledge !== 'known' || (!isOnline && nowMs < offlineMs)) continue;
      this.changes.delete(user);
      left -= watched.watchers.size;
      if (isOnline) this.tellNow(user, watched);
      else this.tellOffline(user, leftSeconds);
      if (left <= 0) return;
    }
  }

  /** The store is asked where nobody saw it leave. */
  private tellOffline(user: string, leftSeconds: number | undefined): void {
    const told = (lastSeenSeconds: number) => {
      // What changed meanwhile is told by itself.
      if (this.parts.isOnline(user) || this.changes.has(user)) return;
      const { watchers } = this.watched.get(user) ?? NOT_WATCHED;
      for (const [watcher, last] of watchers) if (last !== false) this.tell(user, watcher, { isOnline: false, lastSeenSeconds });
    };
    if (leftSeconds !== undefined) told(leftSeconds);
    else
      this.parts.readLastSeen(Buffer.from(user, 'latin1')).then(
        (seconds) => told(seconds ?? 0),
        (error: unknown) => {
          this.parts.telemetry.log.error('last-seen-failed', { reason: errorLine(error) });
          told(0);
        },
      );
  }

  private tell(user: string, watcher: PresenceWatcher, status: UserStatus): void {
    const { watchers, audience, knowledge } = this.watched.get(user) ?? NOT_WATCHED;
    if (knowledge !== 'known' || !watchers.has(watcher)) return;
    watchers.set(watcher, status.isOnline);
    this.toldCount.value++;
    watcher.told(Buffer.from(user, 'latin1'), audience === undefined ? status : { ...status, audience });
  }
}

const NOT_WATCHED: Watched = { watchers: new Map(), knowledge: 'none', audience: undefined };
const ONLINE: UserStatus = { isOnline: true, lastSeenSeconds: 0 };
