import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Audience, audienceOf } from '../../runtime/contract/audience.ts';
import {
  CORE_WATCHES_MAX,
  EDGE_WATCHES_MAX,
  PRESENCE_FLUSH_MS,
  PRESENCE_FRAMES_AT_ONCE,
  PRESENCE_GRACE_MS,
  SESSION_WATCHES_MAX,
} from '../../runtime/contract/limits.ts';
import { OwnedPresence } from '../../runtime/inbox/owned-presence.ts';
import type { UserStatus } from '../../runtime/ports/inbox-feed.ts';
import { CALM } from '../../runtime/ports/load-level.ts';
import type { PresenceWatcher } from '../../runtime/ports/presence.ts';
import { WatchedUsers } from '../../runtime/presence/watched-users.ts';
import { SessionWatches } from '../../runtime/session/session-watches.ts';
import { ProcessClock, VirtualTime } from '../../runtime/simulation/virtual-time.ts';
import { ByteReader } from '../../runtime/wire/byte-reader.ts';
import { ByteWriter } from '../../runtime/wire/byte-writer.ts';
import { decodeLinkPresence, encodeLinkPresence } from '../../runtime/wire/link/watch.ts';
import type { Benchmark } from '../benchmark.ts';
import { MemoryMetrics } from '../engines/memory-metrics.ts';
import type { Figure } from '../report.ts';

/** Names beside the watchers’ own of an audience: about what a contact list has. */
const LISTED = 200;
/** Bytes of a frame before its fields: length and opcode. */
const FRAME_HEAD = 5;

export const benchmark: Benchmark = {
  name: 'presence',
  summary: 'CPU of owner and edge per change of a watched user and per watcher told, and their memory per watch, at the bounds',
  flags: [
    {
      name: 'sessions',
      meaning: `sessions of the edge, each watches ${SESSION_WATCHES_MAX} users`,
      fallback: EDGE_WATCHES_MAX / SESSION_WATCHES_MAX,
    },
    { name: 'users', meaning: 'users that they watch', fallback: 4_096 },
    { name: 'watched', meaning: 'users that one edge watches at a core, for the owner’s part alone', fallback: CORE_WATCHES_MAX },
    { name: 'rounds', meaning: 'times that all users come and leave', fallback: 5 },
  ],
  async run(flag) {
    const [rounds, sessions, users] = [flag('rounds'), flag('sessions'), flag('users')];
    const size = { sessions, users, rounds };
    const everyone = await whole(size, undefined);
    const listed = await whole(size, LISTED);
    const owner = await ownerAlone(flag('watched'), rounds);
    return {
      scenario: 'presence',
      figures: [
        { ...figure('told to a watcher, owner, link and edge', 'µs CPU', everyone.microseconds), details: everyone.details },
        { ...figure(`the same, of users whom ${LISTED} may see`, 'µs CPU', listed.microseconds), details: listed.details },
        figure('a change at the owner, one edge told', 'µs CPU', owner.microseconds),
        figure('a watch of a session at the edge', 'B heap', [everyone.bytes]),
        figure('a watch of an edge at the owner', 'B heap', [owner.bytes]),
      ],
      remarks: [
        `one process, no sockets, time that is simulated: changes come in bursts as every ${PRESENCE_FLUSH_MS} ms; frames of link and client are written, those of the link read`,
      ],
    };
  },
};

function figure(what: string, unit: string, values: readonly number[]): Figure {
  return { what, unit, values, voidReasons: [] };
}

/** One core’s users, some online, as its owner tells of them. */
class Owner {
  readonly time = new VirtualTime();
  readonly clock = new ProcessClock(this.time);
  readonly online = new Set<string>();
  readonly presence: OwnedPresence;

  constructor(audience: Audience | undefined) {
    const audiences = { of: async () => audience ?? ('everyone' as const), set: async () => undefined };
    this.presence = new OwnedPresence({
      clock: this.clock,
      telemetry: new MemoryMetrics(),
      load: CALM,
      audiences,
      isOnline: (user) => this.online.has(user),
      isHome: () => true,
      readLastSeen: async () => 0,
    });
  }

  /** All of them come, and leave again; every one of the watches is told of both. */
  async turn(names: readonly string[], watches: number): Promise<void> {
    const burstsMs = PRESENCE_FLUSH_MS * (4 + (names.length + watches) / PRESENCE_FRAMES_AT_ONCE);
    for (const isComing of [true, false]) {
      for (const name of names) {
        if (isComing) this.online.add(name);
        else this.online.delete(name);
        this.presence.changed(name);
      }
      await this.pass(PRESENCE_GRACE_MS + burstsMs);
    }
  }

  async pass(ms: number): Promise<void> {
    await this.time.run(this.time.nowMs + ms);
  }
}

/** The link between owner and edge: what is told is written as a frame and read from it. */
class LinkFrames implements PresenceWatcher {
  readonly hears = new Map<string, (status: UserStatus) => void>();
  private readonly out = new ByteWriter();
  private readonly reader = new ByteReader();

  told(user: Buffer, status: UserStatus): void {
    encodeLinkPresence(this.out, { user, code: 0, ...status });
    const bytes = this.out.take();
    const { user: name, code: _, ...heard } = decodeLinkPresence(this.reader.reset(bytes, FRAME_HEAD, bytes.length));
    this.hears.get(name.toString('latin1'))?.(heard);
  }

  refused(user: Buffer, code: string): void {
    throw new Error(`${user.toString()} is not watched: ${code}`);
  }
}

interface Size {
  readonly sessions: number;
  readonly users: number;
  readonly rounds: number;
}

async function whole({ sessions, users, rounds }: Size, listed: number | undefined) {
  const names = namesOf(users);
  const watchers = Array.from({ length: sessions }, (_, i) => Buffer.from(`s${i}`));
  const others = Array.from({ length: listed ?? 0 }, (_, i) => Buffer.from(`contact-${i}`));
  // The last of a list is found last.
  const audience = listed === undefined ? undefined : audienceOf([...others, ...watchers.slice(0, 1)]);
  const owner = new Owner(audience);
  const link = new LinkFrames();
  const edge = new WatchedUsers({
    clock: owner.clock,
    telemetry: new MemoryMetrics(),
    load: CALM,
    sources: {
      owner: (user, hears) => {
        link.hears.set(user.toString('latin1'), hears);
        owner.presence.watch(link, user, { isAgain: true });
        return { stop: () => owner.presence.unwatch(link, user) };
      },
      directory: () => ({ stop: () => undefined }),
    },
  });
  const out = new ByteWriter();
  let told = 0;
  const writer = () => {
    told++;
    return out;
  };
  const before = heapBytes();
  const open = watchers.map((user, i) => {
    const one = new SessionWatches({ presence: edge, user, writer, takes: () => true });
    one.watch(Array.from({ length: SESSION_WATCHES_MAX }, (_, k) => Buffer.from(names[(i * SESSION_WATCHES_MAX + k) % users] as string)));
    return one;
  });
  await owner.pass(10_000 + users);
  out.take();
  const watches = sessions * Math.min(SESSION_WATCHES_MAX, users);
  const bytes = (heapBytes() - before) / watches;
  const microseconds: number[] = [];
  let toldInAll = 0;
  for (let round = 0; round < rounds; round++) {
    told = 0;
    const started = process.cpuUsage();
    await owner.turn(names, watches);
    const { user, system } = process.cpuUsage(started);
    out.take();
    // To those who may not see it nothing is told: the work is one look at the list.
    microseconds.push((user + system) / (2 * watches));
    toldInAll += told;
    const expected = 2 * (listed === undefined ? watches : Math.min(SESSION_WATCHES_MAX, users));
    if (told !== expected) throw new Error(`${told} frames were written, not ${expected}`);
  }
  for (const one of open) one.close();
  return { bytes, microseconds, details: { watches, 'watchers of a user': watches / users, 'frames to clients': toldInAll } };
}

async function ownerAlone(watched: number, rounds: number) {
  const names = namesOf(watched);
  const owner = new Owner(undefined);
  let told = 0;
  const watcher: PresenceWatcher = { told: () => void told++, refused: () => undefined };
  const before = heapBytes();
  for (const name of names) owner.presence.watch(watcher, Buffer.from(name), { isAgain: true });
  await owner.pass(10_000 + watched);
  const bytes = (heapBytes() - before) / watched;
  const microseconds: number[] = [];
  for (let round = 0; round < rounds; round++) {
    told = 0;
    const started = process.cpuUsage();
    await owner.turn(names, 0);
    const { user, system } = process.cpuUsage(started);
    if (told !== 2 * watched) throw new Error(`${told} changes were told, of ${2 * watched}`);
    microseconds.push((user + system) / told);
  }
  return { bytes, microseconds };
}

function namesOf(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `user-${i}`);
}

/** After a collection. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}
