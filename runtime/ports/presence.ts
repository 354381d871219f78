import type { Audience } from '../contract/audience.ts';
import type { ErrorCode } from '../contract/errors.ts';
import type { AudienceChange, UserStatus } from './inbox-feed.ts';

/** Who hears how users are: one link at an owner, one session at an edge. An object is one watcher, whatever number of users it watches. */
export interface PresenceWatcher {
  /** How the user is now: once after `watch`, then whenever it differs from what was told last. Coalesced: states in between may be left out. */
  told(user: Buffer, status: UserStatus): void;
  /** The user is not watched (any more), and why. */
  refused(user: Buffer, code: ErrorCode): void;
}

/**
 * What the owner of users tells of them (R15, R16): it knows who reads an inbox, from whatever edge and region. A state that was told is never
 * followed by an older one. Who has left counts as online for PRESENCE_GRACE_MS more. Nothing is stored, and no message waits for it.
 */
export interface PresenceOwner {
  /**
   * Refused with SHARD_MOVED where the user lives elsewhere, also later, and with WATCHES_LIMITED. `isAgain`: the watcher knew already, so that it
   * hears that the user is offline only after PRESENCE_GRACE_MS; who is online may not have found back yet either.
   */
  watch(watcher: PresenceWatcher, user: Buffer, options: { readonly isAgain: boolean }): void;
  unwatch(watcher: PresenceWatcher, user: Buffer): void;
  /** Everything that it watches ends. */
  watcherClosed(watcher: PresenceWatcher): void;
  /**
   * Who may see how the user is; undefined: everyone. With `change` from the moment on at which this resolves, durably.
   * @throws IrisError SHARD_MOVED, OVERLOADED, STORE_FAILED, SESSION_REPLACED where a later login has changed it
   */
  audience(user: Buffer, change?: AudienceChange): Promise<Audience | undefined>;
}

/** Ends with `stop`. */
export interface PresenceWatch {
  stop(): void;
}

/** The same over links, wherever the owner is, and through its moves. */
export interface PresenceFeed {
  /** `hears` undefined while the owner cannot be reached, or takes no more watches: nothing is known then. Not called before this returns. */
  watchPresence(address: string, user: Buffer, hears: (status: UserStatus | undefined) => void): PresenceWatch;
}

/** What one edge knows of the users that its sessions watch. */
export interface WatchedPresence {
  /** As of `PresenceOwner`; `refused` with WATCHES_LIMITED where the edge or the user has as many watchers as it may. */
  watch(watcher: SessionWatcher, user: Buffer): void;
  unwatch(watcher: SessionWatcher, user: Buffer): void;
  /** Told nothing while it could not take more, it can now: hears what has changed of these users. */
  resumed(watcher: SessionWatcher, users: Iterable<string>): void;
}

export interface SessionWatcher extends PresenceWatcher {
  /** Whose session it is. */
  readonly user: Buffer;
  /** False while its client reads too slowly: then it is passed over, and says `resumed` later. */
  takes(): boolean;
}
