import { ERROR_CODES } from '../contract/errors.ts';
import { PRESENCE_POLLED_AT_ONCE } from '../contract/limits.ts';
import type { UserStatus } from '../ports/inbox-feed.ts';
import type { PresenceWatch } from '../ports/presence.ts';
import type { ByteReader } from '../wire/byte-reader.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import { decodeLinkPresence, encodeLinkUnwatch, encodeLinkWatch, WATCH_LINK_VERSION } from '../wire/link/watch.ts';

/** A watched user, wherever its owner is. */
export class LinkWatch implements PresenceWatch {
  readonly user: Buffer;
  private readonly hears: (status: UserStatus | undefined) => void;
  /** Undefined while it is between two owners. */
  private link: LinkWatches | undefined;
  isOver = false;
  /** True once an owner has answered. */
  isKnown = false;
  /** Its owner had no room. */
  isRefused = false;
  /** Times it was sent elsewhere since an owner told something. */
  movesInVain = 0;

  constructor(user: Buffer, hears: (status: UserStatus | undefined) => void) {
    this.user = user;
    this.hears = hears;
  }

  get key(): string {
    return this.user.toString('latin1');
  }

  bind(link: LinkWatches): void {
    this.link = link;
  }

  told(status: UserStatus | undefined): void {
    if (this.isOver) return;
    if (status !== undefined) {
      this.isKnown = true;
      this.movesInVain = 0;
    }
    this.hears(status);
  }

  /** Leaves its owner, for another one or for good. */
  leave(): void {
    this.link?.drop(this);
    this.link = undefined;
  }

  moved(): void {
    this.link = undefined;
    this.movesInVain++;
  }

  stop(): void {
    this.isOver = true;
    this.leave();
  }
}

export interface LinkWatchesParts {
  /** Undefined while the owner cannot be asked: the link is down, or of an older version. */
  writerOf(version: number): ByteWriter | undefined;
  /** For an owner of an older release. */
  statusOf(user: Buffer): Promise<UserStatus | undefined>;
  /** The user lives elsewhere; the watch is bound to no link now. */
  moved(watch: LinkWatch): void;
}

/** The users watched over one link. An owner that knows no watches is asked about them in turn. */
export class LinkWatches {
  private readonly parts: LinkWatchesParts;
  /** By user, one byte a character. The edge has one watch for each. */
  private readonly watches = new Map<string, LinkWatch>();
  private turn: Iterator<LinkWatch> | undefined;
  /** The owner was full: it is asked again, in turn. */
  private hasRefused = false;

  constructor(parts: LinkWatchesParts) {
    this.parts = parts;
  }

  all(): readonly LinkWatch[] {
    return [...this.watches.values()];
  }

  adopt(watch: LinkWatch): void {
    this.watches.set(watch.key, watch);
    watch.bind(this);
    this.say(watch);
  }

  drop(watch: LinkWatch): void {
    if (this.watches.get(watch.key) !== watch) return;
    this.watches.delete(watch.key);
    const out = this.parts.writerOf(WATCH_LINK_VERSION);
    if (out !== undefined) encodeLinkUnwatch(out, watch.user);
  }

  /** The link is up. */
  sayAll(): void {
    for (const watch of this.watches.values()) this.say(watch);
  }

  /** The link is down: nothing is known. */
  lost(): void {
    for (const watch of this.watches.values()) watch.told(undefined);
  }

  told(reader: ByteReader): void {
    const { user, code, ...status } = decodeLinkPresence(reader);
    const watch = this.watches.get(user.toString('latin1'));
    if (watch === undefined) return;
    watch.told(code === 0 ? status : undefined);
    if (code === 0) return;
    watch.isRefused = code !== ERROR_CODES.SHARD_MOVED.wire;
    this.hasRefused ||= watch.isRefused;
    if (watch.isRefused) return;
    this.watches.delete(watch.key);
    watch.moved();
    this.parts.moved(watch);
  }

  /** Called every LINK_PING_MS. */
  tick(): void {
    if (this.watches.size === 0 || !(this.isOld || this.hasRefused || this.turn)) return;
    if (this.turn === undefined) this.hasRefused = false;
    this.turn ??= this.watches.values();
    for (let i = 0; i < PRESENCE_POLLED_AT_ONCE; i++) {
      const { value, done } = this.turn.next();
      if (value?.isRefused === true || (!done && this.isOld)) this.say(value);
      if (done) {
        this.turn = undefined;
        return;
      }
    }
  }

  private get isOld(): boolean {
    return this.parts.writerOf(1) !== undefined && this.parts.writerOf(WATCH_LINK_VERSION) === undefined;
  }

  private say(watch: LinkWatch): void {
    watch.isRefused = false;
    const out = this.parts.writerOf(WATCH_LINK_VERSION);
    if (out !== undefined) encodeLinkWatch(out, { user: watch.user, isAgain: watch.isKnown });
    else if (this.isOld) this.ask(watch);
  }

  private ask(watch: LinkWatch): void {
    void this.parts.statusOf(watch.user).then((status) => {
      // Another owner, or another release, has its own word.
      if (status !== undefined && this.watches.get(watch.key) === watch && this.isOld) watch.told(status);
    });
  }
}
