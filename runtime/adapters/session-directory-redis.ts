import * as limits from '../contract/limits.ts';
import type { Clock, Random, Timer } from '../ports/clock.ts';
import type {
  DirectoryEntry,
  DirectoryLogin,
  DirectoryWatch,
  LoginHolder,
  SessionDirectory,
  SessionPlace,
} from '../ports/session-directory.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { enterScript, leaveScript } from './redis/directory-scripts.ts';
import type { RedisEngine, RedisScript } from './redis/redis-connection.ts';
import { type FoundSession, RedisPresence } from './redis/redis-presence.ts';
import { SessionTable } from './session-table.ts';

export interface RedisSessionDirectoryParts {
  readonly connection: RedisEngine;
  readonly environment: string;
  readonly region: string;
  readonly node: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
}

/** A change that the engine does not have yet: the latest of its user. */
interface Due {
  /** The login that ended, where none followed. */
  readonly gone: DirectoryLogin | undefined;
  readonly sinceMs: number;
  /** Stamp of a later login whose edge is dead. */
  readonly over?: string;
}

/** A login that is to be written. */
interface Entering {
  readonly user: string;
  readonly login: DirectoryLogin;
  readonly due: Due;
}

/** What the script answers of a login: 1, or 0 and the stamp, edge and run of the later one that is there. */
type EnterAnswer = readonly [isEntered: number, stamp: string, node: string, run: string];

/**
 * The region’s directory in Redis. Changes are written behind, the latest of each user, and again until the engine has them. An entry
 * counts while the edge that wrote it says every DIRECTORY_BEAT_MS that it lives, under the name of its present `run`: so an edge that died,
 * or that had to forget removals, takes all its entries with it. After each new connection there is a new run, since a command of the old
 * one may still be carried out, and everything is written again; also when the engine has forgotten the edge.
 */
export class RedisSessionDirectory implements SessionDirectory {
  private readonly parts: RedisSessionDirectoryParts;
  private readonly prefix: string;
  /** Of the channels on which edges hear of later logins; the edge’s name follows. */
  private readonly takenPrefix: string;
  private readonly table: SessionTable;
  private readonly enterScript: RedisScript;
  private readonly leaveScript: RedisScript;
  private readonly presence: RedisPresence;
  private readonly due = new Map<string, Due>();
  /** Users of this edge whose entry a later login of a living edge keeps. */
  private readonly contested = new Set<string>();
  private sweep: Iterator<string> | undefined;
  private sweptMs = 0;
  private run: string;
  private underWay = 0;
  /** The last flush ended where as much was under way as may be. */
  private isHeldUp = false;
  private saidRun: string | undefined;
  private failedMs = Number.NEGATIVE_INFINITY;
  private flushing: Timer | undefined;
  private beating: Timer | undefined;
  private isClosed = false;

  constructor(parts: RedisSessionDirectoryParts) {
    this.parts = parts;
    const { connection, environment, region, node, telemetry, clock } = parts;
    this.prefix = `iris:${environment}:${region}:`;
    this.takenPrefix = `${this.prefix}taken:`;
    this.run = this.newRun();
    this.table = new SessionTable((user, gone) => this.changed(user, gone));
    this.enterScript = connection.script(enterScript(connection.publishCommand));
    this.leaveScript = connection.script(leaveScript(connection.publishCommand));
    this.presence = new RedisPresence({
      connection,
      clock,
      node,
      isHere: (user) => this.isHere(user),
      channel: (user) => this.key(`presence:{${user}}`),
      lookUp: (user) => this.lookUp(user),
      runOf: (other) => this.runOf(other),
    });
    connection.onReady(() => this.beginRun());
    connection.subscribe(this.key(`taken:${node}`), (message) => this.taken(message));
    telemetry.gauge('iris_directory_due', 'Changes of sessions that Redis does not have yet', () => this.due.size + this.underWay);
    telemetry.gauge('iris_directory_stale_ms', 'Milliseconds that the oldest of them waits', () => this.staleMs(clock.monotonicMs()));
    this.beat();
  }

  enter(login: DirectoryLogin, holder: LoginHolder): DirectoryEntry {
    return this.table.enter(login, holder);
  }

  isHere(user: string): boolean {
    return this.table.of(user) !== undefined;
  }

  async find(user: string): Promise<SessionPlace | undefined> {
    const { node, region } = this.parts;
    const login = this.table.of(user);
    if (login !== undefined) return { ...login, node, region };
    const fields = await this.parts.connection.command('HMGET', this.sessionKey(user), ...FIELDS);
    const [stamp, at, run, where, device, protocol, since] = fields as (string | null)[];
    if (!stamp || !at || !(await this.isAlive(at, run))) return undefined;
    const place = { node: at, region: where ?? '', device: device ?? '', protocol: protocol ?? '' };
    return { user, ...place, loginStamp: Number(stamp), sinceMs: Number(since) };
  }

  watch(user: string, hears: (isOnline: boolean | undefined) => void): DirectoryWatch {
    return this.presence.watch(user, hears);
  }

  /** The edge’s sign of life goes first: with it all of its entries. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.flushing?.stop();
    this.beating?.stop();
    const { connection, node } = this.parts;
    // Refused, it ends by itself with its time.
    if (connection.isUp) await connection.command('DEL', this.key(`node:${node}`)).catch(() => undefined);
    connection.close();
  }

  private changed(user: string, gone: DirectoryLogin | undefined): void {
    this.presence.changedHere(user);
    this.contested.delete(user);
    this.put(user, { gone, sinceMs: this.parts.clock.monotonicMs() });
  }

  private put(user: string, due: Due): void {
    if (this.due.size >= limits.DIRECTORY_DUE_MAX && !this.due.has(user)) this.forget();
    this.due.set(user, due);
    this.flushSoon();
  }

  /** Removals are lost with what waits: under a new name none of the old entries counts. */
  private forget(): void {
    this.parts.telemetry.log.warn('directory-behind', { due: this.due.size, limit: limits.DIRECTORY_DUE_MAX });
    this.due.clear();
    this.beginRun();
  }

  private beginRun(): void {
    this.run = this.newRun();
    this.beatNow();
    this.tellAll();
    this.presence.readAll();
  }

  private tellAll(): void {
    this.sweep = this.table.users;
    this.sweptMs = this.parts.clock.monotonicMs();
    this.flushSoon();
  }

  private flushSoon(): void {
    if (this.isClosed || this.flushing !== undefined) return;
    this.flushing = this.parts.clock.after(this.hasFailed ? limits.DIRECTORY_RETRY_LAST_MS : limits.DIRECTORY_FLUSH_MS, () => {
      this.flushing = undefined;
      this.flush();
    });
  }

  private get hasFailed(): boolean {
    return this.parts.clock.monotonicMs() - this.failedMs < limits.DIRECTORY_RETRY_LAST_MS;
  }

  private flush(): void {
    this.isHeldUp = false;
    if (!this.parts.connection.isUp) return;
    const entering: Entering[] = [];
    for (const [user, due] of this.due) {
      if (this.isFull) break;
      this.due.delete(user);
      this.write(user, due, entering);
    }
    while (this.sweep !== undefined && !this.isFull) {
      const { value: user, done } = this.sweep.next();
      if (done) this.sweep = undefined;
      else this.write(user, { gone: undefined, sinceMs: this.sweptMs }, entering);
    }
    if (entering.length > 0) void this.enterAll(entering);
  }

  private get isFull(): boolean {
    this.isHeldUp = this.underWay >= limits.DIRECTORY_UNDER_WAY_MAX;
    return this.isHeldUp;
  }

  /** Logins go together, as many as one command may have; `entering` has those that wait for more. */
  private write(user: string, due: Due, entering: Entering[]): void {
    this.underWay++;
    const login = this.table.of(user);
    const most = this.parts.connection.isSpread ? 1 : limits.DIRECTORY_LOGINS_AT_ONCE;
    if (login === undefined) void this.leave(user, due);
    else if (entering.push({ user, login, due }) >= most) void this.enterAll(entering.splice(0));
  }

  private async leave(user: string, due: Due): Promise<void> {
    try {
      if (due.gone !== undefined)
        await this.leaveScript([this.sessionKey(user)], [due.gone.loginStamp, this.parts.node, this.presenceChannel(user)]);
    } catch {
      this.putBack(user, due);
    } finally {
      this.underWay--;
      this.goOn();
    }
  }

  private async enterAll(entering: readonly Entering[]): Promise<void> {
    const { run } = this;
    try {
      const answers = await this.tell(entering);
      const refused = entering.flatMap(({ user }, i) => (answers[i]?.[0] === 1 ? [] : [this.refused(user, answers[i] as EnterAnswer)]));
      await Promise.all(refused);
      for (const [i, { login }] of entering.entries()) this.told(login, run, answers[i]?.[0] === 1);
    } catch {
      for (const { user, due } of entering) this.putBack(user, due);
    } finally {
      this.underWay -= entering.length;
      this.goOn();
    }
  }

  /** What failed is counted and told by the connection. A change that came meanwhile says more than this one. */
  private putBack(user: string, due: Due): void {
    this.failedMs = this.parts.clock.monotonicMs();
    if (!this.due.has(user) && !this.isClosed) this.put(user, due);
  }

  /** What waited only for room does not wait for more to come. */
  private goOn(): void {
    if (this.due.size === 0 && this.sweep === undefined) return;
    const hasRoom = this.isHeldUp && this.underWay <= limits.DIRECTORY_UNDER_WAY_MAX / 2;
    if (hasRoom && !this.isClosed && !this.hasFailed) this.flush();
    else this.flushSoon();
  }

  private tell(entering: readonly Entering[]): Promise<readonly EnterAnswer[]> {
    const { node, region } = this.parts;
    const keys: (string | Buffer)[] = [];
    const words: (string | number | Buffer)[] = [node, this.run, region, limits.DIRECTORY_ENTRY_TTL_MS, this.takenPrefix];
    for (const { user, login, due } of entering) {
      keys.push(this.sessionKey(user));
      words.push(login.loginStamp, due.over ?? '', login.device, login.protocol, login.sinceMs, wireText(user), this.presenceChannel(user));
    }
    return this.enterScript(keys, words) as Promise<readonly EnterAnswer[]>;
  }

  /** A later login is there: of a living edge, or of one that is dead. */
  private async refused(user: string, [, stamp, at, run]: EnterAnswer): Promise<void> {
    if (await this.isAlive(at, run)) this.contested.add(user);
    else this.put(user, { gone: undefined, sinceMs: this.parts.clock.monotonicMs(), over: stamp });
  }

  private told(login: DirectoryLogin, runThen: string, isEntered: boolean): void {
    const { user } = login;
    const now = this.table.of(user);
    if (isEntered || now === undefined) this.contested.delete(user);
    // Held up on its way, it may be over the entry of the present run: nobody would believe it.
    if (now !== undefined && runThen !== this.run) this.put(user, { gone: undefined, sinceMs: this.parts.clock.monotonicMs() });
    // It left while this was under way, and a cluster may have done the one after the other.
    if (now === undefined && isEntered) this.put(user, { gone: login, sinceMs: this.parts.clock.monotonicMs() });
  }

  private async isAlive(node: string, run: string | null | undefined): Promise<boolean> {
    return (await this.runOf(node)) === run;
  }

  private async runOf(node: string): Promise<string | null> {
    return (await this.parts.connection.command('GET', this.key(`node:${node}`))) as string | null;
  }

  private async lookUp(user: string): Promise<FoundSession | undefined> {
    const fields = await this.parts.connection.command('HMGET', this.sessionKey(user), 'node', 'run');
    const [node, run] = fields as (string | null)[];
    return node ? { node, run: run ?? '' } : undefined;
  }

  /** `<stamp> <user>`: a later login at another edge. */
  private taken(message: Buffer): void {
    const space = message.indexOf(0x20);
    this.contested.delete(message.toString('latin1', space + 1));
    this.table.replace(message.toString('latin1', space + 1), Number(message.toString('latin1', 0, space)));
  }

  private beat(): void {
    this.beating = this.parts.clock.after(limits.DIRECTORY_BEAT_MS, () => this.beat());
    this.beatNow();
    this.presence.beat();
    for (const user of this.contested) this.put(user, { gone: undefined, sinceMs: this.parts.clock.monotonicMs() });
    this.contested.clear();
    if (this.parts.clock.monotonicMs() - this.sweptMs >= limits.DIRECTORY_RENEWAL_MS) this.tellAll();
    if (this.due.size > 0) this.flushSoon();
  }

  private beatNow(): void {
    const { connection, node } = this.parts;
    if (!connection.isUp) return;
    connection.pulse();
    const { run, saidRun } = this;
    this.saidRun = run;
    connection.command('SET', this.key(`node:${node}`), run, 'PX', limits.DIRECTORY_NODE_TTL_MS, 'GET').then(
      (before) => {
        // The engine has forgotten what it was told: so may it have the entries.
        if (saidRun === run && before !== run) this.tellAll();
      },
      () => {
        this.saidRun = undefined;
      },
    );
  }

  private staleMs(nowMs: number): number {
    const [oldest] = this.due.values();
    return oldest === undefined ? 0 : nowMs - oldest.sinceMs;
  }

  private newRun(): string {
    return this.parts.random.bytes(8).toString('hex');
  }

  private key(name: string): Buffer {
    return Buffer.from(`${this.prefix}${name}`, 'latin1');
  }

  private presenceChannel(user: string): string | Buffer {
    return wireText(`${this.prefix}presence:{${user}}`);
  }

  private sessionKey(user: string): string | Buffer {
    return wireText(`${this.prefix}session:{${user}}`);
  }
}

/** One byte a character; as ASCII, which most names are, the driver writes it as it is. */
function wireText(text: string): string | Buffer {
  return Buffer.byteLength(text) === text.length ? text : Buffer.from(text, 'latin1');
}

const FIELDS = ['stamp', 'node', 'run', 'region', 'device', 'protocol', 'since'] as const;
