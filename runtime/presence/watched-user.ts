import type { Audience, AudienceRoom } from '../contract/audience.ts';
import type { Clock } from '../ports/clock.ts';
import type { UserStatus } from '../ports/inbox-feed.ts';
import type { PresenceWatch, SessionWatcher } from '../ports/presence.ts';

/** Who knows how a user is. Each is heard again and again, undefined while it knows nothing; never before the call returns. */
export interface PresenceSources {
  /** The owner of the user’s inbox: every login, in whatever region, and when the user was last seen. */
  owner(user: Buffer, hears: (status: UserStatus | undefined) => void): PresenceWatch;
  /** The session directory: logins in this region. One byte a character. */
  directory(user: string, hears: (isOnline: boolean | undefined) => void): PresenceWatch;
}

export interface WatchedUserParts {
  readonly clock: Clock;
  readonly sources: PresenceSources;
  readonly room: AudienceRoom;
  changed(): void;
}

/**
 * One user whom sessions of this edge watch, as two sources tell it. Online is who is so by either: they look at different places. Offline needs the
 * owner, which sees all of them; while it cannot be reached, the last word stands, but for who was last known to be here and has left the directory.
 * Who may see it only the owner knows: before its first word there is none.
 */
export class WatchedUser {
  readonly name: Buffer;
  /** With what each was told last; undefined before the first time. */
  readonly watchers = new Map<SessionWatcher, UserStatus | undefined>();
  /** Undefined while nobody has said anything. */
  status: UserStatus | undefined;
  private readonly parts: WatchedUserParts;
  private readonly watches: readonly PresenceWatch[];
  private owner: UserStatus | undefined;
  /** Who may see it, as the owner said last; nobody is told anything before it has. */
  private audience: Audience | undefined;
  private hasAudience = false;
  private isInDirectory: boolean | undefined;

  constructor(name: Buffer, parts: WatchedUserParts) {
    this.name = name;
    this.parts = parts;
    const { sources, room } = parts;
    this.watches = [
      sources.owner(name, (status) => {
        this.owner = status;
        if (status !== undefined) {
          this.audience = room.exchange(this.audience, status.audience);
          this.hasAudience = true;
        }
        this.settle(false);
      }),
      sources.directory(name.toString('latin1'), (isOnline) => {
        const hasLeft = this.isInDirectory === true && isOnline === false;
        this.isInDirectory = isOnline;
        this.settle(hasLeft);
      }),
    ];
  }

  stop(): void {
    for (const watch of this.watches) watch.stop();
    this.audience = this.parts.room.exchange(this.audience, undefined);
  }

  private settle(hasLeft: boolean): void {
    const now = this.hasAudience ? this.now(hasLeft) : undefined;
    if (now === undefined) return;
    const { audience } = this;
    const status = { isOnline: now.isOnline, lastSeenSeconds: now.lastSeenSeconds, ...(audience !== undefined && { audience }) };
    if (isSame(status, this.status)) return;
    this.status = status;
    this.parts.changed();
  }

  private now(hasLeft: boolean): UserStatus | undefined {
    if (this.isInDirectory === true) return ONLINE;
    if (this.owner !== undefined) return this.owner;
    return hasLeft ? { isOnline: false, lastSeenSeconds: Math.floor(this.parts.clock.nowMs() / 1_000) } : this.status;
  }
}

function isSame(one: UserStatus, other: UserStatus | undefined): boolean {
  if (one.isOnline !== other?.isOnline || one.lastSeenSeconds !== other.lastSeenSeconds) return false;
  return one.audience === other.audience || (one.audience !== undefined && other.audience?.equals(one.audience) === true);
}

const ONLINE: UserStatus = { isOnline: true, lastSeenSeconds: 0 };
