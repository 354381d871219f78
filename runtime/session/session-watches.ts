import { ERROR_CODES, type ErrorCode, IrisError } from '../contract/errors.ts';
import { SESSION_WATCHES_MAX } from '../contract/limits.ts';
import type { UserStatus } from '../ports/inbox-feed.ts';
import type { SessionWatcher, WatchedPresence } from '../ports/presence.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import { checkUserName } from '../wire/user-name.ts';
import { encodeWatched } from '../wire/v2/watch.ts';

export interface SessionWatchesParts {
  readonly presence: WatchedPresence;
  /** Whose session it is. */
  readonly user: Buffer;
  writer(): ByteWriter;
  /** False while the client reads too slowly. */
  takes(): boolean;
}

/** The users that one session watches. */
export class SessionWatches implements SessionWatcher {
  private readonly parts: SessionWatchesParts;
  /** One byte a character. */
  private readonly users = new Set<string>();
  private hasMissed = false;

  constructor(parts: SessionWatchesParts) {
    this.parts = parts;
  }

  get user(): Buffer {
    return this.parts.user;
  }

  /** Each is answered: by how it is, or by why not. A user watched already changes nothing. */
  watch(users: readonly Buffer[]): void {
    for (const user of users) {
      const problem = this.problemOf(user);
      if (problem !== undefined) this.refused(user, problem);
      else {
        this.users.add(user.toString('latin1'));
        this.parts.presence.watch(this, user);
      }
    }
  }

  unwatch(users: readonly Buffer[]): void {
    for (const user of users) if (this.users.delete(user.toString('latin1'))) this.parts.presence.unwatch(this, user);
  }

  told(user: Buffer, status: UserStatus): void {
    encodeWatched(this.parts.writer(), { ...status, user, code: 0 });
  }

  refused(user: Buffer, code: ErrorCode): void {
    this.users.delete(user.toString('latin1'));
    encodeWatched(this.parts.writer(), { user, code: ERROR_CODES[code].wire, isOnline: false, lastSeenSeconds: 0 });
  }

  takes(): boolean {
    const isOpen = this.parts.takes();
    this.hasMissed ||= !isOpen;
    return isOpen;
  }

  /** The client reads again. */
  drained(): void {
    if (!this.hasMissed || !this.parts.takes()) return;
    this.hasMissed = false;
    this.parts.presence.resumed(this, this.users);
  }

  close(): void {
    for (const user of this.users) this.parts.presence.unwatch(this, Buffer.from(user, 'latin1'));
    this.users.clear();
  }

  private problemOf(user: Buffer): ErrorCode | undefined {
    if (this.users.size >= SESSION_WATCHES_MAX && !this.users.has(user.toString('latin1'))) return 'WATCHES_LIMITED';
    try {
      checkUserName(user);
      return undefined;
    } catch (error) {
      if (error instanceof IrisError) return error.code;
      throw error;
    }
  }
}
