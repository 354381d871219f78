import { writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { type ConnectOptions, IrisClient, IrisError } from '../../runtime/client/index.ts';
import { History } from '../../runtime/simulation/history.ts';
import { verdictLine } from '../../runtime/simulation/history-checker.ts';
import { until } from '../servers/node-pair.ts';

/** Another seed gives other users, victims and moments: IRIS_SEED=7 npm run test:live -- <file> */
export const SEED = Number(process.env['IRIS_SEED'] ?? 20_260_101);

/** Mulberry32: the same numbers between 0 and 1 for the same seed. */
export function seeded(seed = SEED): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One line of result, as the fault’s row in docs/operations.md has it. */
export function report(line: string): void {
  writeSync(2, `${line}\n`);
}

/** Users of the released client who send and read, and the history of what each of them saw. */
export class Traffic {
  readonly history = new History({ nowMs: Date.now });
  /** Sends that were rejected, by error code. */
  readonly refusals = new Map<string, number>();
  private readonly addressesOf: (user: string) => readonly string[];
  private readonly clients = new Map<string, IrisClient>();
  private readonly numbers = new Map<string, number>();
  private readonly unanswered = new Set<Promise<void>>();
  private readonly sentMs = new Map<string, number>();
  /** Milliseconds from each send to its receipt, in the order of receipt. */
  latenciesMs: number[] = [];
  /** Milliseconds from each send to its acknowledgement. */
  acknowledgedMs: number[] = [];

  constructor(addressesOf: (user: string) => readonly string[]) {
    this.addressesOf = addressesOf;
  }

  async connect(user: string, options: Partial<ConnectOptions> = {}): Promise<IrisClient> {
    const known = this.clients.get(user);
    if (known !== undefined) return known;
    const client = await IrisClient.connect({
      addresses: this.addressesOf(user),
      user,
      connectTimeoutMs: 30_000,
      sendTimeoutMs: 60_000,
      ...options,
    });
    this.clients.set(user, client);
    return client;
  }

  /** Connects and acknowledges everything that comes; `each` hears how many that were. */
  async read(user: string, each: (count: number) => void = () => undefined): Promise<void> {
    const client = await this.connect(user);
    let count = 0;
    const reading = async () => {
      for await (const message of client.messages()) {
        this.received(user, message.text());
        client.ack(message);
        each(++count);
      }
    };
    reading().catch((error: unknown) => report(`the reader ${user} ended: ${String(error)}`));
  }

  /** Sends the next message of a connected user; `settled` waits for the answer. */
  send(from: string, to: string): void {
    const client = this.clients.get(from);
    if (client === undefined) throw new Error(`${from} is not connected`);
    const key = `${from}/${to}`;
    const number = this.numbers.get(key) ?? 0;
    this.numbers.set(key, number + 1);
    const body = `${key}/${number}`;
    this.history.send(body);
    const sentMs = performance.now();
    this.sentMs.set(body, sentMs);
    const answered = client.send(to, body).then(
      (receipt) => {
        this.history.acknowledge(body, receipt.durability);
        this.acknowledgedMs.push(performance.now() - sentMs);
      },
      (error: unknown) => {
        const code = error instanceof IrisError ? error.code : String(error);
        this.history.refuse(body, code);
        this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
      },
    );
    this.unanswered.add(answered);
    answered.finally(() => this.unanswered.delete(answered)).catch(() => undefined);
  }

  /** Sends at `perSecond` between random pairs until `signal` aborts. */
  async run(
    random: () => number,
    flow: { from: readonly string[]; to: readonly string[]; perSecond: number; signal: AbortSignal },
  ): Promise<void> {
    const startMs = performance.now();
    for (let sent = 0; !flow.signal.aborted; ) {
      const due = ((performance.now() - startMs) / 1_000) * flow.perSecond;
      for (; sent < due; sent++) this.send(pick(random, flow.from), pick(random, flow.to));
      await pause(10);
    }
  }

  private received(user: string, body: string): void {
    this.history.receive(user, body);
    const sentMs = this.sentMs.get(body);
    if (sentMs !== undefined) this.latenciesMs.push(performance.now() - sentMs);
    this.sentMs.delete(body);
  }

  /** Resolves when every send has its answer. */
  async settled(deadlineMs = 90_000): Promise<void> {
    await until(() => this.unanswered.size === 0, `${this.unanswered.size} sends are answered`, deadlineMs);
  }

  /** Resolves when everything acknowledged has been received and a little time has passed for what must not come. */
  async drained(deadlineMs = 60_000): Promise<void> {
    await this.settled();
    const endMs = performance.now() + deadlineMs;
    while (!this.history.isComplete && performance.now() < endMs) await pause(50);
    await pause(500);
  }

  /** Prints the row and fails on a broken law. Sends that were refused may have been stored: they are received once or not at all. */
  judge(row: string): void {
    const verdict = this.history.verdict();
    const refused = [...this.refusals].map(([code, count]) => `, ${count} ${code}`).join('');
    report(`${row}: seed ${SEED}${refused}; ${verdictLine(verdict)}`);
    expect(verdict.broken).toEqual([]);
  }

  async close(): Promise<void> {
    await Promise.all([...this.clients.values()].map((client) => client.close()));
  }
}

/** The value below which `share` of them lie; 0 of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** The same list in another order. */
export function shuffled<T>(random: () => number, list: readonly T[]): T[] {
  return list
    .map((value) => ({ value, key: random() }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ value }) => value);
}

export function pick<T>(random: () => number, list: readonly T[]): T {
  return list[Math.floor(random() * list.length)] as T;
}
