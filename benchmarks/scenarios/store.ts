import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { openLevelStore } from '../../runtime/adapters/inbox-store-level.ts';
import { openLogStore } from '../../runtime/adapters/inbox-store-log.ts';
import { BATCH_MESSAGES_MAX } from '../../runtime/contract/limits.ts';
import type { InboxStore } from '../../runtime/ports/inbox-store.ts';
import { ByteWriter } from '../../runtime/wire/byte-writer.ts';
import { markKeyOf, writeEnvelope } from '../../runtime/wire/envelope.ts';
import type { Benchmark, BenchmarkIo } from '../benchmark.ts';
import type { Figure } from '../report.ts';

type Open = (directory: string) => Promise<InboxStore>;

const STORES: Readonly<Record<'log' | 'level', Open>> = { log: openLogStore, level: openLevelStore };
/** What one commit brings: envelopes of so many messages, each to one of 100 readers, and as many removals of what came before. */
const SHAPES = [
  { what: '10 singles of 128 B a commit', envelopes: 10, messages: 1, bodyBytes: 128 },
  { what: '1,000 singles of 128 B a commit', envelopes: 1_000, messages: 1, bodyBytes: 128 },
  { what: '1 frame of 500 × 64 B a commit', envelopes: 1, messages: 500, bodyBytes: 64 },
  { what: '32 frames of 500 × 64 B a commit', envelopes: 32, messages: 500, bodyBytes: 64 },
] as const;
type Shape = (typeof SHAPES)[number];
const READERS = 100;
/** Envelopes of 128 B that wait at a restart. */
const WAITING = 200_000;
const GIGABYTE = 1_000_000_000;
/** What one of them takes in the log, with its mark. */
const LOGGED_BYTES = 285;

export const benchmark: Benchmark = {
  name: 'store',
  summary: 'The stores alone, without a wire: CPU per message that is committed (D2) and removed, log against classic-level; time to open',
  flags: [
    { name: 'milliseconds', meaning: 'length of a round', fallback: 1_500 },
    { name: 'rounds', meaning: 'rounds of each store and shape, in the order ABBA', fallback: 4 },
  ],
  async run(flag, io) {
    const figures: Figure[] = [];
    for (const shape of SHAPES) figures.push(...(await compare(shape, flag('rounds'), flag('milliseconds'), io)));
    for (const kind of ['log', 'level'] as const) figures.push(await opening(kind, WAITING, io));
    figures.push(await opening('log', GIGABYTE / LOGGED_BYTES, io));
    return {
      scenario: 'store',
      figures,
      remarks: ['CPU of this process with its thread pool, so the generator’s part is in it; nothing is pinned'],
    };
  },
};

/** log level level log, again and again until each has had its rounds. */
async function compare(shape: Shape, rounds: number, milliseconds: number, io: BenchmarkIo): Promise<Figure[]> {
  const measured: Record<'log' | 'level', Round[]> = { log: [], level: [] };
  for (let round = 0; round < rounds; round++) {
    for (const kind of round % 2 === 0 ? (['log', 'level'] as const) : (['level', 'log'] as const)) {
      measured[kind].push(await inFolder(io, (folder) => commitFor(STORES[kind], folder, shape, milliseconds)));
    }
  }
  io.note(shape.what);
  return (['log', 'level'] as const).map((kind) => ({
    what: `${kind}: ${shape.what}`,
    unit: 'µs CPU/message',
    values: measured[kind].map(({ cpuMicroseconds }) => cpuMicroseconds),
    durability: 'D2',
    details: { 'messages/s': Math.round(1e6 / (measured[kind].at(-1)?.wallMicroseconds ?? 1)) },
    voidReasons: [],
  }));
}

interface Round {
  /** Per message. */
  readonly cpuMicroseconds: number;
  readonly wallMicroseconds: number;
}

async function commitFor(open: Open, folder: string, shape: Shape, milliseconds: number): Promise<Round> {
  const store = await open(folder);
  const traffic = envelopesOf(shape);
  let position = 1;
  let removed = 1;
  const startedMs = performance.now();
  const before = process.cpuUsage();
  while (performance.now() - startedMs < milliseconds) {
    const batch = store.batch();
    const end = position;
    for (let i = 0; i < shape.envelopes; i++, position++) {
      const { user, envelope } = traffic[position % READERS]!;
      batch.appendInbox(user, 0, position, envelope);
    }
    for (let at = Math.max(end, position - READERS); at < position; at++) {
      batch.mark(traffic[at % READERS]!.markKey, { high: at, holes: [] }, at);
    }
    for (; removed < end; removed++) batch.removeInbox(traffic[removed % READERS]!.user, 0, removed);
    await store.commit(batch, { sync: true });
  }
  const { user, system } = process.cpuUsage(before);
  const wallMs = performance.now() - startedMs;
  await store.close();
  const messages = (position - 1) * shape.messages;
  return { cpuMicroseconds: (user + system) / messages, wallMicroseconds: (wallMs * 1_000) / messages };
}

/** Time to open a store in which `count` messages of 128 B wait for 1,000 users. */
async function opening(kind: 'log' | 'level', count: number, io: BenchmarkIo): Promise<Figure> {
  return await inFolder(io, async (folder) => {
    const store = await STORES[kind](folder);
    const traffic = envelopesOf({ envelopes: 1, messages: 1, bodyBytes: 128 });
    const users = Array.from({ length: 1_000 }, (_, i) => Buffer.from(`offline-${i}`));
    let waiting = 0;
    while (waiting < count) {
      const batch = store.batch();
      for (let i = 0; i < BATCH_MESSAGES_MAX; i++, waiting++) {
        const { envelope, markKey } = traffic[waiting % READERS]!;
        batch.appendInbox(users[waiting % users.length]!, 0, waiting + 1, envelope);
        batch.mark(`${markKey}${waiting % users.length}`, { high: waiting, holes: [] }, waiting);
      }
      await store.commit(batch, { sync: waiting >= count });
    }
    await store.close();
    const bytes = bytesOf(folder);
    io.note(`${kind}: opening ${(bytes / 1e6).toFixed(0)} MB`);
    const startedMs = performance.now();
    const again = await STORES[kind](folder);
    const first = await again.readInbox(users[0]!, 0, 0, { envelopesMax: 512, bytesMax: 262_144 });
    const seconds = (performance.now() - startedMs) / 1_000;
    await again.close();
    return {
      what: `${kind}: opens with ${waiting.toLocaleString('en')} messages waiting`,
      unit: 's',
      goal: kind === 'log' ? (count === WAITING ? '≤ 1' : '≤ 5') : '',
      values: [seconds],
      details: { 'MB on disk': Math.round(bytes / 1e6), 'first page': first.length, 'RSS MB': Math.round(process.memoryUsage.rss() / 1e6) },
      voidReasons: [],
    };
  });
}

function envelopesOf({ messages, bodyBytes }: Omit<Shape, 'what'> | { envelopes: number; messages: number; bodyBytes: number }) {
  return Array.from({ length: READERS }, (_, i) => {
    const entries = new ByteWriter(messages * (bodyBytes + 2));
    for (let entry = 0; entry < messages; entry++) entries.bytes16(Buffer.alloc(bodyBytes, entry));
    const bytes = entries.take();
    const user = Buffer.from(`reader-${i}`);
    const out = new ByteWriter(bytes.length + 128);
    const sender = Buffer.from(`sender-${i}`);
    const header = { flags: 0, count: messages, stamp: 1, sequence: 1, previous: 0, device: Buffer.alloc(8, 1), sender, recipient: user };
    writeEnvelope(out, header, bytes, 0, bytes.length);
    const envelope = out.take();
    return { user, envelope, markKey: markKeyOf(envelope) };
  });
}

function bytesOf(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

async function inFolder<T>({ stateRoot }: BenchmarkIo, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(stateRoot, 'iris-store-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
