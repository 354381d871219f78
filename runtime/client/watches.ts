import { ERROR_CODES, type ErrorCode, errorCodeOfWire, IrisError } from '../contract/errors.ts';
import { WATCH_USERS_MAX } from '../contract/limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import { userNameBytes } from '../wire/user-name.ts';
import { Opcode } from '../wire/v2/opcodes.ts';
import { encodeWatch, type WatchedFrame } from '../wire/v2/watch.ts';
import type { Presence } from './ephemerals.ts';

/** How a watched user is. */
export interface UserPresence extends Presence {
  readonly user: string;
  /**
   * The server tells nothing of this user: WATCHES_LIMITED, or VERSION_UNSUPPORTED while the edge is of an older release. It is asked again after a
   * reconnect. Then `isOnline` says nothing.
   */
  readonly refused?: IrisError;
}

type Hears = (presence: UserPresence) => void;

interface Watched {
  readonly listeners: Set<Hears>;
  last: UserPresence | undefined;
}

/** Users that a client watches, whatever of them the server takes; a further one is refused here. */
const WATCHED_MAX = 1_024;

export interface WatchesParts {
  readonly clock: Clock;
  /** The writer while connected to a server that knows watches. */
  writer(): ByteWriter | undefined;
  /** Whether the server that is connected is of a release that knows none. */
  isOld(): boolean;
}

/** The users whose presence a client hears. After a reconnect they are asked for again, and only what differs is told. */
export class Watches {
  private readonly parts: WatchesParts;
  private readonly users = new Map<string, Watched>();

  constructor(parts: WatchesParts) {
    this.parts = parts;
  }

  /** Returns what ends it. @throws IrisError WATCHES_LIMITED, NAME_INVALID, FRAME_TOO_LARGE */
  add(users: readonly string[], listener: Hears): () => void {
    for (const user of users) userNameBytes(user);
    const fresh = [...new Set(users)].filter((user) => !this.users.has(user));
    if (this.users.size + fresh.length > WATCHED_MAX)
      throw new IrisError(
        'WATCHES_LIMITED',
        `${this.users.size + fresh.length} users to watch, a client watches ${WATCHED_MAX} at the most`,
      );
    // Two calls with the same function are two subscriptions.
    const hears: Hears = (presence) => listener(presence);
    for (const user of users) {
      const watched = this.users.get(user) ?? { listeners: new Set(), last: undefined };
      this.users.set(user, watched);
      watched.listeners.add(hears);
      const { last } = watched;
      if (last !== undefined)
        this.parts.clock.soon(() => {
          if (watched.listeners.has(hears) && watched.last === last) hears(last);
        });
    }
    this.say(Opcode.Watch, fresh);
    if (this.parts.isOld()) for (const user of fresh) this.refuse(user, 'VERSION_UNSUPPORTED');
    return () => this.remove(users, hears);
  }

  /** Connected anew, or refused for a while: asks for everything again. */
  repeat(): void {
    const users = [...this.users.keys()];
    this.say(Opcode.Watch, users);
    if (this.parts.isOld()) for (const user of users) this.refuse(user, 'VERSION_UNSUPPORTED');
  }

  told({ user, code, isOnline, lastSeenSeconds }: WatchedFrame): void {
    const name = user.toString('utf8');
    if (code === 0) this.tell({ user: name, isOnline, lastSeenMs: lastSeenSeconds * 1_000 });
    else this.refuse(name, errorCodeOfWire(code) ?? 'WATCHES_LIMITED');
  }

  private remove(users: readonly string[], hears: Hears): void {
    const gone = users.filter((user) => {
      const watched = this.users.get(user);
      return watched?.listeners.delete(hears) === true && watched.listeners.size === 0 && this.users.delete(user);
    });
    this.say(Opcode.Unwatch, gone);
  }

  private refuse(user: string, code: ErrorCode): void {
    this.tell({ user, isOnline: false, lastSeenMs: 0, refused: new IrisError(code, `${user}: ${ERROR_CODES[code].meaning}`) });
  }

  private tell(presence: UserPresence): void {
    const watched = this.users.get(presence.user);
    if (watched === undefined || isSame(watched.last, presence)) return;
    watched.last = presence;
    for (const hears of watched.listeners)
      this.parts.clock.soon(() => {
        if (watched.listeners.has(hears)) hears(presence);
      });
  }

  private say(opcode: typeof Opcode.Watch | typeof Opcode.Unwatch, users: readonly string[]): void {
    const out = users.length === 0 ? undefined : this.parts.writer();
    if (out === undefined) return;
    const names = users.map((user) => Buffer.from(user, 'utf8'));
    for (let i = 0; i < names.length; i += WATCH_USERS_MAX) encodeWatch(out, opcode, names.slice(i, i + WATCH_USERS_MAX));
  }
}

function isSame(one: UserPresence | undefined, other: UserPresence): boolean {
  return one?.isOnline === other.isOnline && one.lastSeenMs === other.lastSeenMs && one.refused?.code === other.refused?.code;
}
