import { type ErrorCode, errorLine } from '../contract/errors.ts';
import * as limits from '../contract/limits.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { UserStatus } from '../ports/inbox-feed.ts';
import type { LoadLevel } from '../ports/load-level.ts';
import type { PresenceOwner, PresenceWatcher } from '../ports/presence.ts';
import type { Telemetry } from '../ports/telemetry.ts';

export interface OwnedPresenceParts {
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly load: LoadLevel;
  /** Whether somebody reads the inbox now. Names one byte a character. */
  isOnline(user: string): boolean;
  isHome(user: Buffer): boolean;
  /** Seconds since 1970. @throws IrisError STORE_FAILED */
  readLastSeen(user: Buffer): Promise<number | undefined>;
}

/** Who watches a user, and whether each was last told that it is online; undefined before the first time. */
type Watchers = Map<PresenceWatcher, boolean | undefined>;

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
  private readonly watched = new Map<string, Watchers>();
  private readonly changes = new Map<string, Change>();
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
    const watchers: Watchers = this.watched.get(key) ?? new Map();
    const refusal = this.refusalOf(watcher, user, watchers);
    if (refusal !== undefined) {
      watcher.refused(user, refusal);
      return;
    }
    if (!watchers.has(watcher)) this.watches++;
    watchers.set(watcher, undefined);
    this.watched.set(key, watchers);
    // Just opened, a core does not know yet who finds back to it.
    const nowMs = this.parts.clock.monotonicMs();
    const isEarly = nowMs - this.openedMs < limits.PRESENCE_GRACE_MS;
    const offlineMs = isAgain || isEarly ? nowMs + limits.PRESENCE_GRACE_MS : nowMs;
    if (this.parts.isOnline(key)) this.tell(key, watcher, ONLINE);
    else if (offlineMs === nowMs) this.tellOffline(key, watchers, undefined);
    else this.changes.set(key, { offlineMs, leftSeconds: undefined });
    this.flushSoon();
  }

  unwatch(watcher: PresenceWatcher, user: Buffer): void {
    this.drop(user.toString('latin1'), watcher);
  }

  watcherClosed(watcher: PresenceWatcher): void {
    for (const [user, watchers] of this.watched) if (watchers.has(watcher)) this.drop(user, watcher);
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
    for (const [user, watchers] of this.watched) {
      const name = Buffer.from(user, 'latin1');
      if (this.parts.isHome(name)) continue;
      for (const watcher of watchers.keys()) {
        this.drop(user, watcher);
        watcher.refused(name, 'SHARD_MOVED');
      }
    }
  }

  private refusalOf(watcher: PresenceWatcher, user: Buffer, watchers: Watchers): ErrorCode | undefined {
    if (!this.parts.isHome(user)) return 'SHARD_MOVED';
    return this.watches >= limits.CORE_WATCHES_MAX && !watchers.has(watcher) ? 'WATCHES_LIMITED' : undefined;
  }

  private drop(user: string, watcher: PresenceWatcher): void {
    const watchers = this.watched.get(user);
    if (!watchers?.delete(watcher)) return;
    this.watches--;
    if (watchers.size > 0) return;
    this.watched.delete(user);
    this.changes.delete(user);
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
      const watchers = this.watched.get(user) as Watchers;
      const isOnline = this.parts.isOnline(user);
      if (!isOnline && nowMs < offlineMs) continue;
      this.changes.delete(user);
      left -= watchers.size;
      if (!isOnline) this.tellOffline(user, watchers, leftSeconds);
      else for (const [watcher, told] of watchers) if (told !== true) this.tell(user, watcher, ONLINE);
      if (left <= 0) return;
    }
  }

  /** The store is asked where nobody saw it leave. */
  private tellOffline(user: string, watchers: Watchers, leftSeconds: number | undefined): void {
    const told = (lastSeenSeconds: number) => {
      // What changed meanwhile is told by itself.
      if (this.parts.isOnline(user) || this.changes.has(user)) return;
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
    const watchers = this.watched.get(user);
    if (watchers?.has(watcher) !== true) return;
    watchers.set(watcher, status.isOnline);
    this.toldCount.value++;
    watcher.told(Buffer.from(user, 'latin1'), status);
  }
}

const ONLINE: UserStatus = { isOnline: true, lastSeenSeconds: 0 };
