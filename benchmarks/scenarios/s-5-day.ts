import { createHistogram } from 'node:perf_hooks';
import { SeededRandom } from '../../runtime/simulation/seeded-random.ts';
import type { Benchmark, BenchmarkIo } from '../benchmark.ts';
import { DayUser } from '../day-user.ts';
import { DeliveryLedger } from '../delivery-ledger.ts';
import { fillPayload } from '../payload.ts';
import { cpuSeconds, pause } from '../process-meter.ts';
import type { Figure } from '../report.ts';
import { ServerFleet, type ServerNode } from '../server-fleet.ts';
import { reasonsOf } from '../traffic.ts';

const RATE = 2_000;
const ZIPF_EXPONENT = 1.1;
const ONLINE_SHARE = 0.7;
const CHURN_A_SECOND = 0.05;
const BATCH_SHARE = 0.1;
const BATCH_MESSAGES = 20;
const BODY_BYTES = [128, 1_024, 16_384] as const;
const BODY_SHARES = [0.8, 0.98, 1] as const;
const TICK_MS = 2;
/** Logins that are under way at a time. */
const LOGINS_AT_A_TIME = 100;
/** Milliseconds after which a service manager starts a node that has died, as the product’s unit says. */
const RESTART_AFTER_MS = 1_000;
/** Milliseconds after a kill whose latencies count in the second figure only. */
const TROUBLE_MS = 10_000;
/** Seconds without a message after which what is missing counts as lost. */
const STALLED_SECONDS = 15;

export const benchmark: Benchmark = {
  name: 's-5',
  summary: 'a mixed day through the released client: Zipf recipients, churn, three sizes, batches; kill -9 of an edge, then of the core',
  flags: [
    { name: 'users', meaning: 'users, 70 % of them online', fallback: 2_000 },
    {
      name: 'seconds',
      meaning: 'seconds of sending at 2,000 messages a second; an edge dies after a third, the core after two',
      fallback: 45,
    },
  ],
  async run(flag, io) {
    const fleet = await ServerFleet.start(2, io);
    try {
      return { scenario: 's-5', figures: await new Day(fleet, flag('users'), io).run(flag('seconds')), remarks: REMARKS };
    } finally {
      await fleet.stop();
    }
  },
};

const REMARKS = [
  'an edge is back when as many clients are connected as before it died, on whatever edge, less the churn of a second; the core when a message sent after its death is acknowledged',
  `a killed node is started again after ${RESTART_AFTER_MS} ms, as the product’s service unit does, which is in these times`,
  'latency counts from the intended send time for readers who were online then; the CPU of the generator, which runs 2,000 released clients, is not in the figures',
];

class Day {
  private readonly fleet: ServerFleet;
  private readonly io: BenchmarkIo;
  private readonly users: readonly DayUser[];
  /** Users by state; those on their way in or out are in neither. */
  private readonly online: DayUser[] = [];
  private readonly offline: DayUser[] = [];
  private readonly random = new SeededRandom(20_260_101);
  private readonly recipients: () => number;
  private readonly ledger = new DeliveryLedger();
  private readonly calm = createHistogram({ lowest: 1, highest: 120_000_000, figures: 3 });
  private readonly whole = createHistogram({ lowest: 1, highest: 120_000_000, figures: 3 });
  private readonly bodies = BODY_BYTES.map((bytes) => Buffer.alloc(bytes));
  private sent = 0;
  private acknowledgedCount = 0;
  private weakest = 'D2';
  private firstRefusal = '';
  /** Of the servers’ CPU a message received, before the first kill. */
  private microseconds = 0;
  private killedMs = Number.NEGATIVE_INFINITY;
  private answeredAfterKill: (() => void) | undefined;

  constructor(fleet: ServerFleet, users: number, io: BenchmarkIo) {
    this.fleet = fleet;
    this.io = io;
    this.recipients = zipf(users, this.random);
    for (const body of this.bodies) fillPayload(body, 5);
    const addresses = fleet.edges.map(({ address }) => address);
    this.users = Array.from({ length: users }, (_, number) => {
      const own = number % addresses.length;
      return new DayUser(number, [...addresses.slice(own), ...addresses.slice(0, own)], {
        ledger: this.ledger,
        latency: (ms) => this.latency(ms),
        acknowledged: (count, durability, intendedMs) => this.acknowledged(count, durability, intendedMs),
        refused: (count, reason) => this.refused(count, reason),
      });
    });
  }

  async run(seconds: number): Promise<Figure[]> {
    const { fleet, io } = this;
    const byChance = this.users.toSorted(() => this.random.fraction() - 0.5);
    const online = byChance.slice(0, Math.round(byChance.length * ONLINE_SHARE));
    this.offline.push(...byChance.slice(online.length));
    io.note(`logging in ${online.length} of ${byChance.length} users`);
    await this.logIn(online);
    const sending = this.sendFor(seconds);
    const churn = setInterval(() => this.churn(), 1_000);
    const [cpu, received] = [cpuSeconds(fleet.pids), this.ledger.received];
    await pause((seconds / 3) * 1_000);
    this.microseconds = ((cpuSeconds(fleet.pids) - cpu) / Math.max(1, this.ledger.received - received)) * 1e6;
    const edgeSeconds = await this.killed(fleet.edges[0]!, (count) => this.reconnected(count));
    io.note(`edge back after ${edgeSeconds.toFixed(2)} s`);
    await pause(Math.max(0, (seconds / 3 - edgeSeconds) * 1_000));
    const coreSeconds = await this.killed(fleet.core, () => this.acknowledgedAgain());
    io.note(`core back after ${coreSeconds.toFixed(2)} s`);
    await sending;
    clearInterval(churn);
    io.note('everyone logs in and drains');
    await this.drain();
    return this.figures({ edgeSeconds, coreSeconds });
  }

  private figures({ edgeSeconds, coreSeconds }: { edgeSeconds: number; coreSeconds: number }): Figure[] {
    const verdict = this.ledger.verdict(this.sent - this.ledger.refused);
    const voidReasons = [...reasonsOf(verdict), ...(this.firstRefusal === '' ? [] : [`refused: ${this.firstRefusal}`])];
    const common = { durability: this.weakest, deliveries: verdict, voidReasons };
    const percentiles = (histogram: typeof this.calm) =>
      Object.fromEntries([50, 99, 99.9].map((share) => [`p${share} ms`, histogram.percentile(share) / 1_000]));
    const repeated = this.users.reduce((sum, user) => sum + user.repeated, 0);
    return [
      { ...common, what: 'edge back after kill -9', unit: 's', goal: '≤ 5', values: [edgeSeconds] },
      { ...common, what: 'core back after kill -9', unit: 's', goal: '≤ 10', values: [coreSeconds] },
      {
        ...common,
        what: `latency p99 at ${RATE} msg/s, ${TROUBLE_MS / 1_000} s after a kill left out`,
        unit: 'ms',
        values: [this.calm.percentile(99) / 1_000],
        details: { ...percentiles(this.calm), 'µs CPU/message': Math.round(this.microseconds) },
      },
      {
        ...common,
        what: 'latency p99, kills included',
        unit: 'ms',
        values: [this.whole.percentile(99) / 1_000],
        details: { ...percentiles(this.whole), 'came again after an unconfirmed farewell': repeated },
      },
    ];
  }

  /** Sends at a fixed rate, whatever comes back. */
  private async sendFor(seconds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const startedMs = performance.now();
    const total = seconds * RATE;
    const timer = setInterval(() => {
      const due = Math.min(total, ((performance.now() - startedMs) / 1_000) * RATE);
      while (this.sent < due) this.sendOne(startedMs + (this.sent / RATE) * 1_000);
      if (due === total) resolve();
    }, TICK_MS);
    await promise;
    clearInterval(timer);
  }

  private sendOne(intendedMs: number): void {
    const sender = this.random.pick(this.online);
    const recipient = this.users[this.recipients()]!;
    const count = this.random.fraction() < BATCH_SHARE ? BATCH_MESSAGES : 1;
    const bodies = Array.from({ length: count }, () => {
      const share = this.random.fraction();
      return Buffer.from(this.bodies[BODY_SHARES.findIndex((limit) => share < limit)]!);
    });
    this.sent += count;
    sender.send(recipient, bodies, intendedMs, this.users.length);
  }

  /** Half of the churn leaves, as many come. */
  private churn(): void {
    const count = Math.round((this.users.length * CHURN_A_SECOND) / 2);
    const leaving = this.online.filter(({ openSends }) => openSends === 0).slice(0, count);
    for (const user of leaving) this.online.splice(this.online.indexOf(user), 1);
    const coming = this.offline.splice(0, leaving.length);
    const leave = async (user: DayUser) => {
      await user.leave();
      this.offline.push(user);
    };
    for (const user of leaving) leave(user).catch((error: unknown) => this.refused(1, String(error)));
    this.logIn(coming).catch((error: unknown) => this.refused(1, String(error)));
  }

  private async logIn(users: readonly DayUser[]): Promise<void> {
    const waiting = [...users];
    while (waiting.length > 0) {
      const batch = waiting.splice(0, LOGINS_AT_A_TIME);
      await Promise.all(batch.map((user) => user.come()));
      this.online.push(...batch);
    }
  }

  /** Seconds from kill -9 until `back`, which hears how many clients were connected before. */
  private async killed(node: ServerNode, back: (connected: number) => Promise<void>): Promise<number> {
    const connected = await this.connections();
    this.killedMs = performance.now();
    const { killedMs } = this;
    await this.fleet.kill([node]);
    const isBack = back(connected);
    await pause(RESTART_AFTER_MS);
    await this.fleet.restart([node]);
    await isBack;
    return (performance.now() - killedMs) / 1_000;
  }

  private async reconnected(count: number): Promise<void> {
    const enough = count - Math.round(this.users.length * CHURN_A_SECOND);
    while ((await this.connections()) < enough) await pause(50);
  }

  private acknowledgedAgain(): Promise<void> {
    return new Promise((resolve) => {
      this.answeredAfterKill = resolve;
    });
  }

  private async connections(): Promise<number> {
    const counts = this.fleet.edges.map((edge) => this.fleet.metric(edge, 'iris_connections').catch(() => 0));
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
  }

  private async drain(): Promise<void> {
    let [seen, quietSeconds] = [-1, 0];
    const isDone = () => this.acknowledgedCount + this.ledger.refused >= this.sent && this.ledger.received >= this.acknowledgedCount;
    while (!isDone() && quietSeconds < STALLED_SECONDS) {
      await this.logIn(this.offline.splice(0));
      await pause(1_000);
      const moved = this.acknowledgedCount + this.ledger.received;
      quietSeconds = moved === seen ? quietSeconds + 1 : 0;
      seen = moved;
    }
    await pause(300);
    await Promise.all(this.online.splice(0).map((user) => user.leave()));
  }

  private latency(ms: number): void {
    const microseconds = Math.max(1, Math.round(ms * 1_000));
    this.whole.record(microseconds);
    if (performance.now() - this.killedMs > TROUBLE_MS) this.calm.record(microseconds);
  }

  private acknowledged(count: number, durability: string, intendedMs: number): void {
    this.acknowledgedCount += count;
    if (durability < this.weakest) this.weakest = durability;
    if (intendedMs <= this.killedMs || this.answeredAfterKill === undefined) return;
    this.answeredAfterKill();
    this.answeredAfterKill = undefined;
  }

  private refused(count: number, reason: string): void {
    this.ledger.refused += count;
    this.firstRefusal ||= reason;
  }
}

/** Draws 0 … count - 1, the k-th with weight 1 / k^ZIPF_EXPONENT. */
function zipf(count: number, random: SeededRandom): () => number {
  const sums: number[] = [];
  let sum = 0;
  for (let rank = 1; rank <= count; rank++) {
    sum += 1 / rank ** ZIPF_EXPONENT;
    sums.push(sum);
  }
  return () => {
    const drawn = random.fraction() * sum;
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sums[middle]! > drawn) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}
