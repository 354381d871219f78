import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../runtime/adapters/clock-system.ts';
import { openLogStore } from '../../runtime/adapters/inbox-store-log.ts';
import { Committer } from '../../runtime/inbox/committer.ts';
import { INBOX } from '../../runtime/inbox/destination.ts';
import type { InboxStore } from '../../runtime/ports/inbox-store.ts';
import { CALM } from '../../runtime/ports/load-level.ts';
import type { AppendOrigin, AppendRequest } from '../../runtime/ports/shard-owner.ts';
import type { Telemetry } from '../../runtime/ports/telemetry.ts';
import { ByteWriter } from '../../runtime/wire/byte-writer.ts';
import { writeEnvelope } from '../../runtime/wire/envelope.ts';
import type { Benchmark, BenchmarkIo } from '../benchmark.ts';
import type { Figure } from '../report.ts';

const SENDERS = 50;
const BODY_BYTES = 128;
/** Whom the queue is for: users of whom each sender writes to all in turn. */
const QUEUES = [
  { what: 'for one user', users: 1 },
  { what: 'for 1,000 users', users: 1_000 },
] as const;
type Queue = (typeof QUEUES)[number];

export const benchmark: Benchmark = {
  name: 'turns',
  summary: 'a full queue before one commit of a core (D2): the longest turn of its event loop until all is answered, and CPU per envelope',
  flags: [
    { name: 'envelopes', meaning: 'envelopes of one message of 128 B that wait for the commit', fallback: 65_536 },
    { name: 'rounds', meaning: 'commits measured of each kind, on a store of their own, after two that are not', fallback: 4 },
  ],
  async run(flag, io) {
    const figures: Figure[] = [];
    for (const queue of QUEUES) figures.push(...(await measured(queue, flag('envelopes'), flag('rounds'), io)));
    return {
      scenario: 'turns',
      figures,
      remarks: [
        'CPU of the main thread between two looks of the event loop, so that other work on the machine does not count',
        'CPU per envelope is of all threads, in commits of their own: looking at each turn costs some',
      ],
    };
  },
};

async function measured({ what, users }: Queue, envelopes: number, rounds: number, io: BenchmarkIo): Promise<Figure[]> {
  const folder = mkdtempSync(join(io.stateRoot, 'iris-turns-'));
  const core = await FilledCore.open(folder);
  const [longest, cost]: [number[], number[]] = [[], []];
  try {
    for (let round = -1; round < rounds; round++) {
      const watch = new TurnWatch();
      await core.commit(envelopes, users, () => watch.start());
      const turnMs = watch.stop();
      let before = process.cpuUsage();
      await core.commit(envelopes, users, () => {
        before = process.cpuUsage();
      });
      const { user, system } = process.cpuUsage(before);
      if (round < 0) continue;
      longest.push(turnMs);
      cost.push((user + system) / envelopes);
    }
  } finally {
    await core.close();
    rmSync(folder, { recursive: true, force: true });
  }
  io.note(`${what}: ${longest.map((ms) => ms.toFixed(1)).join(' ')} ms`);
  const common = { durability: 'D2', voidReasons: [] };
  return [
    { ...common, what: `longest turn, ${envelopes.toLocaleString('en')} envelopes ${what}`, unit: 'ms CPU', values: longest },
    { ...common, what: `CPU, ${envelopes.toLocaleString('en')} envelopes ${what}`, unit: 'µs CPU/envelope', values: cost },
  ];
}

/** The longest turn of this process’s event loop, by the CPU that its main thread took. */
class TurnWatch {
  private longestMicroseconds = 0;
  private isWatching = true;

  start(): void {
    let before = process.threadCpuUsage();
    const look = () => {
      const { user, system } = process.threadCpuUsage(before);
      before = process.threadCpuUsage();
      this.longestMicroseconds = Math.max(this.longestMicroseconds, user + system);
      if (this.isWatching) setImmediate(look);
    };
    setImmediate(look);
  }

  /** @returns milliseconds */
  stop(): number {
    this.isWatching = false;
    return this.longestMicroseconds / 1_000;
  }
}

/** What of a core decides and commits, on a log of its own; nobody reads. */
class FilledCore implements AppendOrigin {
  private readonly store: InboxStore;
  private readonly committer: Committer;
  private sequence = 0;
  private waiting = 0;
  private answered: () => void = () => undefined;

  private constructor(store: InboxStore) {
    this.store = store;
    this.committer = new Committer({
      store,
      clock: systemClock,
      telemetry: SILENT,
      load: CALM,
      heldBack: new Set(),
      holding: { isPending: () => false, hasHeirs: () => false, isHeir: () => false },
      destinationOf: () => INBOX,
      committed: () => undefined,
      statusGrown: () => undefined,
    });
  }

  static async open(folder: string): Promise<FilledCore> {
    return new FilledCore(await openLogStore(folder));
  }

  /** Queues all envelopes at once, calls `queued`, and resolves when the last one is answered. */
  async commit(envelopes: number, users: number, queued: () => void): Promise<void> {
    const requests = Array.from({ length: envelopes }, (_, index) => this.request(index, users));
    this.waiting = envelopes;
    const answered = new Promise<void>((resolve) => {
      this.answered = resolve;
    });
    for (const request of requests) this.committer.append(request, INBOX);
    queued();
    await answered;
    await this.committer.drained();
  }

  async close(): Promise<void> {
    await this.store.close();
  }

  appended(): void {
    if (--this.waiting === 0) this.answered();
  }

  refused(_correlation: number, _recipient: Buffer, { code, message }: { code: string; message: string }): void {
    throw new Error(`refused with ${code}: ${message}`);
  }

  settled(): void {}

  laidOut(): void {}

  cut(): void {}

  private request(index: number, users: number): AppendRequest {
    const sender = Buffer.from(`sender-${index % SENDERS}`);
    const recipient = Buffer.from(`user-${Math.floor(index / SENDERS) % users}`);
    const out = new ByteWriter(BODY_BYTES + 128);
    const body = Buffer.alloc(BODY_BYTES + 2, index & 0xff);
    body.writeUInt16BE(BODY_BYTES);
    const sequence = ++this.sequence;
    const header = { flags: 0, count: 1, stamp: sequence, sequence, previous: 0, device: Buffer.alloc(8, 1), sender, recipient };
    writeEnvelope(out, header, body, 0, body.length);
    return { origin: this, correlation: index, publisherId: 1, flags: 0, envelope: out.take() };
  }
}

const SILENT: Telemetry = {
  log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  counter: () => ({ value: 0 }),
  gauge: () => undefined,
};
