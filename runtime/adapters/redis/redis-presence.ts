import * as limits from '../../contract/limits.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DirectoryWatch } from '../../ports/session-directory.ts';
import { DirectoryWatches } from '../directory-watches.ts';
import type { RedisEngine } from './redis-connection.ts';

/** What the directory has of a user. */
export interface FoundSession {
  readonly node: string;
  readonly run: string;
}

export interface RedisPresenceParts {
  readonly connection: Pick<RedisEngine, 'isUp' | 'subscribe' | 'unsubscribe'>;
  readonly clock: Clock;
  /** This edge. */
  readonly node: string;
  isHere(user: string): boolean;
  channel(user: string): Buffer;
  /** @throws IrisError ENGINE_UNAVAILABLE, ENGINE_INVALID */
  lookUp(user: string): Promise<FoundSession | undefined>;
  /** Under which name an edge lives; null for one that does not. @throws IrisError ENGINE_UNAVAILABLE, ENGINE_INVALID */
  runOf(node: string): Promise<string | null>;
}

/** A watched user as the engine last told. */
interface Watched {
  isOnline: boolean | undefined;
  /** Where it is online, and under which name that edge lived. */
  at: FoundSession | undefined;
  /** Since when its edge lives under another name than its entry says: it writes its entries anew, or this one is over. */
  unsureMs: number | undefined;
  isReading: boolean;
  /** It changed while it was read. */
  isOld: boolean;
}

/**
 * Users of whom an edge hears over Redis’s pub/sub. A message says that a user changed, not how: the entry is read then, one reading of a user after
 * the other, so that no older state follows a newer one, and again after each new subscription, before which a message may have been lost. An edge
 * that dies publishes nothing: every DIRECTORY_BEAT_MS it is asked whether the edges of watched users live.
 */
export class RedisPresence {
  private readonly parts: RedisPresenceParts;
  private readonly watched = new Map<string, Watched>();
  private readonly watches = new DirectoryWatches((user) => this.isOnline(user));
  /** Users to be read when fewer are. */
  private readonly waiting = new Set<string>();
  private readings = 0;

  constructor(parts: RedisPresenceParts) {
    this.parts = parts;
  }

  watch(user: string, hears: (isOnline: boolean | undefined) => void): DirectoryWatch {
    const channel = this.parts.channel(user);
    if (!this.watched.has(user)) {
      const watched: Watched = { isOnline: undefined, at: undefined, unsureMs: undefined, isReading: false, isOld: false };
      const changed = () => this.read(user);
      // Without a channel it could grow old: what the owner says counts alone then.
      if (this.parts.connection.subscribe(channel, changed, { subscribed: changed, isSharded: true })) {
        this.watched.set(user, watched);
        this.read(user);
      }
    }
    return this.watches.add(user, hears, () => {
      if (this.watched.delete(user)) this.parts.connection.unsubscribe(channel);
      this.waiting.delete(user);
    });
  }

  /** A user has come to this edge, or left it. */
  changedHere(user: string): void {
    const watched = this.watched.get(user);
    if (watched === undefined) return;
    if (watched.at?.node === this.parts.node) watched.isOnline = false;
    this.watches.changed(user);
    this.read(user);
  }

  /** Every DIRECTORY_BEAT_MS. */
  beat(): void {
    if (!this.parts.connection.isUp) this.forget();
    else void this.checkEdges();
  }

  /** The engine was away, or is another one. */
  readAll(): void {
    for (const user of this.watched.keys()) this.read(user);
  }

  private isOnline(user: string): boolean | undefined {
    return this.parts.isHere(user) ? true : this.watched.get(user)?.isOnline;
  }

  private forget(): void {
    for (const [user, watched] of this.watched) {
      if (watched.isOnline === undefined) continue;
      watched.isOnline = undefined;
      this.watches.changed(user);
    }
  }

  private async checkEdges(): Promise<void> {
    const users = new Map<string, string[]>();
    for (const [user, { at, unsureMs, isOnline }] of this.watched) {
      if (unsureMs !== undefined || isOnline === undefined) this.read(user);
      else if (at !== undefined && at.node !== this.parts.node) users.set(at.node, [...(users.get(at.node) ?? []), user]);
    }
    for (const [node, names] of users) {
      // One that cannot be asked now is asked at the next beat; the connection counts the failure.
      const run = await this.parts.runOf(node).catch(() => undefined);
      if (run === undefined) return;
      for (const user of names) if (this.watched.get(user)?.at?.run !== run) this.read(user);
    }
  }

  private read(user: string): void {
    const watched = this.watched.get(user);
    if (watched === undefined) return;
    if (watched.isReading) watched.isOld = true;
    else if (this.readings >= limits.DIRECTORY_UNDER_WAY_MAX) this.waiting.add(user);
    else void this.readNow(user, watched);
  }

  private async readNow(user: string, watched: Watched): Promise<void> {
    watched.isReading = true;
    watched.isOld = false;
    this.readings++;
    try {
      const found = await this.parts.lookUp(user);
      const run = found === undefined || found.node === this.parts.node ? null : await this.parts.runOf(found.node);
      if (this.watched.get(user) === watched) this.take(user, watched, found, run);
    } catch {
      // Counted and told by the connection. It is read again when that is back.
      if (this.watched.get(user) === watched && !this.parts.connection.isUp) this.forget();
    } finally {
      this.readings--;
      watched.isReading = false;
      const [next] = this.waiting;
      if (watched.isOld) this.read(user);
      if (next !== undefined && this.waiting.delete(next)) this.read(next);
    }
  }

  private take(user: string, watched: Watched, found: FoundSession | undefined, run: string | null): void {
    const nowMs = this.parts.clock.monotonicMs();
    const isUnsure = found !== undefined && run !== null && run !== found.run;
    watched.unsureMs = isUnsure ? (watched.unsureMs ?? nowMs) : undefined;
    // For as long as an edge may take to write its entries anew, what was known stands.
    if (isUnsure && nowMs - (watched.unsureMs as number) < limits.DIRECTORY_NODE_TTL_MS && watched.isOnline !== undefined) return;
    watched.at = found;
    watched.isOnline = found !== undefined && run === found.run;
    this.watches.changed(user);
  }
}
