import { AudienceRoom, seenBy } from '../contract/audience.ts';
import * as limits from '../contract/limits.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { LoadLevel } from '../ports/load-level.ts';
import type { SessionWatcher, WatchedPresence } from '../ports/presence.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { type PresenceSources, WatchedUser } from './watched-user.ts';

export interface WatchedUsersParts {
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly load: LoadLevel;
  readonly sources: PresenceSources;
}

/**
 * The users that the sessions of one edge watch (R15): each is asked for once, however many watch it. Changes are told in bursts, of many to one user
 * only the last, and wait while the node is busy (level 2): what waits is one entry for each user, so nothing grows, and no message waits for it.
 */
export class WatchedUsers implements WatchedPresence {
  private readonly parts: WatchedUsersParts;
  /** One byte a character. */
  private readonly users = new Map<string, WatchedUser>();
  private readonly changed = new Set<WatchedUser>();
  private readonly room = new AudienceRoom();
  private watches = 0;
  private flushing: Timer | undefined;
  private readonly toldCount: { value: number };
  private readonly refusedCount: { value: number };

  constructor(parts: WatchedUsersParts) {
    this.parts = parts;
    const { telemetry } = parts;
    this.toldCount = telemetry.counter('iris_presence_told_total', 'States of users told to who watches them');
    this.refusedCount = telemetry.counter('iris_presence_refused_total', 'Watches that a full edge or user refused');
    telemetry.gauge('iris_presence_watches', 'Users watched, once for each who watches', () => this.watches);
    telemetry.gauge('iris_presence_waiting', 'Watched users whose change waits to be told', () => this.changed.size);
  }

  watch(watcher: SessionWatcher, user: Buffer): void {
    const key = user.toString('latin1');
    const known = this.users.get(key);
    if (known?.watchers.has(watcher)) return;
    if (this.watches >= limits.EDGE_WATCHES_MAX || (known?.watchers.size ?? 0) >= limits.USER_WATCHERS_MAX) {
      this.refusedCount.value++;
      watcher.refused(user, 'WATCHES_LIMITED');
      return;
    }
    this.watches++;
    const watched = known ?? this.open(key, user);
    watched.watchers.set(watcher, undefined);
    this.tell(watched, watcher);
  }

  unwatch(watcher: SessionWatcher, user: Buffer): void {
    const key = user.toString('latin1');
    const watched = this.users.get(key);
    if (!watched?.watchers.delete(watcher)) return;
    this.watches--;
    if (watched.watchers.size > 0) return;
    this.users.delete(key);
    this.changed.delete(watched);
    watched.stop();
  }

  resumed(watcher: SessionWatcher, users: Iterable<string>): void {
    for (const user of users) {
      const watched = this.users.get(user);
      if (watched?.watchers.has(watcher)) this.tell(watched, watcher);
    }
  }

  private open(key: string, user: Buffer): WatchedUser {
    const watched = new WatchedUser(user, { ...this.parts, room: this.room, changed: () => this.note(watched) });
    this.users.set(key, watched);
    return watched;
  }

  private note(watched: WatchedUser): void {
    if (watched.watchers.size === 0) return;
    this.changed.add(watched);
    this.flushSoon();
  }

  private flushSoon(): void {
    if (this.changed.size === 0) return;
    this.flushing ??= this.parts.clock.after(limits.PRESENCE_FLUSH_MS, () => {
      this.flushing = undefined;
      if (!this.parts.load.sheds('presence')) this.flush();
      this.flushSoon();
    });
  }

  private flush(): void {
    let left = limits.PRESENCE_FRAMES_AT_ONCE;
    for (const watched of this.changed) {
      this.changed.delete(watched);
      for (const watcher of watched.watchers.keys()) this.tell(watched, watcher);
      left -= watched.watchers.size;
      if (left <= 0) return;
    }
  }

  /** How the user is now as this one may see it, unless that is what it was told last. */
  private tell({ name, status, watchers }: WatchedUser, watcher: SessionWatcher): void {
    const last = watchers.get(watcher);
    if (status === undefined) return;
    const seen = seenBy(status, name, watcher.user);
    if (last === seen || !watcher.takes()) return;
    watchers.set(watcher, seen);
    if (last?.isOnline === seen.isOnline && last.lastSeenSeconds === seen.lastSeenSeconds) return;
    this.toldCount.value++;
    watcher.told(name, seen);
  }
}
