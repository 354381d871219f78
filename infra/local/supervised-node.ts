import { setTimeout as delay } from 'node:timers/promises';
import { IrisError } from '../../runtime/contract/errors.ts';
import type { FleetNode } from './fleet-layout.ts';
import { describeExit, type NodeExit, type NodeProcess } from './node-process.ts';

/** How a fleet deals with deaths. All times in milliseconds. */
export interface RestartPolicy {
  /** Pause before the first restart; it doubles with each quick death up to `lastMs`. */
  readonly firstMs: number;
  readonly lastMs: number;
  /** A life shorter than this is a quick death; a longer one starts the row anew. */
  readonly quickDeathMs: number;
  /** Quick deaths in a row after which the fleet gives up. */
  readonly quickDeathsMax: number;
  /** Time a node has to drain on SIGTERM before SIGKILL; above the runtime's own drain timeout of 10 s. */
  readonly stopTimeoutMs: number;
}

/** 100 ms is over before a client's second attempt; six deaths within 10 s each mean that a seventh start will not help either. */
export const RESTART_POLICY: RestartPolicy = {
  firstMs: 100,
  lastMs: 5_000,
  quickDeathMs: 10_000,
  quickDeathsMax: 6,
  stopTimeoutMs: 15_000,
};

export type NodeEvent =
  | { readonly kind: 'died'; readonly node: FleetNode; readonly reason: string; readonly restartInMs: number }
  | { readonly kind: 'restarted'; readonly node: FleetNode; readonly pid: number; readonly tookMs: number }
  | { readonly kind: 'took-over'; readonly node: FleetNode; readonly epoch: number }
  | { readonly kind: 'killed'; readonly node: FleetNode; readonly afterMs: number };

/** What a core says last that ends because its lease has run out. */
const LEASE_RAN_OUT = /: OWNERSHIP_LOST: /;

export interface SupervisedNodeOptions {
  readonly node: FleetNode;
  readonly policy: RestartPolicy;
  /** `onOwner` is to be told when the process becomes the owner of its shards. */
  spawn(onOwner: (epoch: number) => void): NodeProcess;
  onEvent(event: NodeEvent): void;
  /** NODE_FAILED: the node keeps dying and is not started again. */
  onGivenUp(reason: IrisError): void;
}

/** Keeps one node running from its first start until it is stopped: a death is followed by a restart with the same state. */
export class SupervisedNode {
  readonly node: FleetNode;
  /** True while the process waits for the owner of its shards to end. */
  isStandby = false;
  private readonly options: SupervisedNodeOptions;
  private readonly stopping = new AbortController();
  private current: NodeProcess | undefined;
  private quickDeaths = 0;
  private wasReady = false;
  /** While the node is held. */
  private hold: { readonly released: Promise<void>; release(): void } | undefined;

  constructor(options: SupervisedNodeOptions) {
    this.node = options.node;
    this.options = options;
  }

  /** 0 while no process runs. */
  get pid(): number {
    return this.current?.pid ?? 0;
  }

  /**
   * Starts the node and resolves when it is ready. A node that does not come up the first time is not tried again, its config or its port is wrong,
   * and that will not change: but for one whose lease ran out meanwhile, as on a machine that is busy for long.
   * @throws IrisError NODE_FAILED with what the node said last.
   */
  async start(): Promise<void> {
    let running = this.spawn();
    for (;;) {
      const failure = await this.failureOf(running);
      if (failure === undefined) break;
      if (!LEASE_RAN_OUT.test(failure.message)) throw failure;
      const next = await this.restart(await running.exited);
      if (next === undefined) throw failure;
      running = next;
    }
    void this.watch(running);
  }

  /** Drains the node, kills it when that takes too long, and resolves when its process is gone. */
  async stop(): Promise<void> {
    this.stopping.abort();
    const running = this.current;
    if (running === undefined) return;
    running.kill('SIGTERM');
    const { stopTimeoutMs } = this.options.policy;
    if (await exitsWithin(running, stopTimeoutMs)) return;
    this.options.onEvent({ kind: 'killed', node: this.node, afterMs: stopTimeoutMs });
    this.killNow();
    await running.exited;
  }

  /** Ends the process, and starts none until `release`. */
  holdDown(signal: 'SIGTERM' | 'SIGKILL'): void {
    if (this.hold !== undefined) return;
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    this.hold = { released, release };
    this.current?.kill(signal);
  }

  release(): void {
    this.hold?.release();
    this.hold = undefined;
  }

  /** For the last moment of the supervisor's own process, when nothing can be awaited any more. */
  killNow(): void {
    this.current?.kill('SIGKILL');
  }

  /** Undefined once it is ready. */
  private async failureOf(running: NodeProcess): Promise<Error | undefined> {
    try {
      this.isStandby = (await running.ready).isStandby;
      this.wasReady = true;
      return undefined;
    } catch (error) {
      if (error instanceof Error) return error;
      throw error;
    }
  }

  private spawn(): NodeProcess {
    const spawned = this.options.spawn((epoch) => {
      this.isStandby = false;
      this.options.onEvent({ kind: 'took-over', node: this.node, epoch });
    });
    this.current = spawned;
    return spawned;
  }

  private async watch(first: NodeProcess): Promise<void> {
    let running = first;
    while (true) {
      const exit = await running.exited;
      this.current = undefined;
      if (this.stopping.signal.aborted) return;
      const next = await this.restart(exit);
      if (next === undefined) return;
      running = next;
    }
  }

  /** Undefined when the fleet was stopped during the pause, or the node is given up. */
  private async restart(exit: NodeExit): Promise<NodeProcess | undefined> {
    if (this.hold !== undefined) return await this.startAgain(performance.now());
    const reason = describeExit(this.node, exit);
    const restartInMs = this.pauseAfter(exit);
    if (restartInMs === undefined) {
      this.options.onGivenUp(this.givenUp(reason));
      return undefined;
    }
    this.options.onEvent({ kind: 'died', node: this.node, reason, restartInMs });
    const diedAtMs = performance.now();
    if (!(await pause(restartInMs, this.stopping.signal))) return undefined;
    return await this.startAgain(diedAtMs);
  }

  private async startAgain(diedAtMs: number): Promise<NodeProcess | undefined> {
    while (this.hold !== undefined) await Promise.race([this.hold.released, aborted(this.stopping.signal)]);
    if (this.stopping.signal.aborted) return undefined;
    const next = this.spawn();
    this.wasReady = await next.ready.then(
      ({ isStandby }) => {
        this.isStandby = isStandby;
        return true;
      },
      () => false,
    );
    if (this.wasReady) this.options.onEvent({ kind: 'restarted', node: this.node, pid: next.pid, tookMs: performance.now() - diedAtMs });
    else next.kill('SIGKILL');
    return next;
  }

  /** Undefined after too many quick deaths in a row. A life without a ready line is a quick death, however long it took. */
  private pauseAfter(exit: NodeExit): number | undefined {
    const { firstMs, lastMs, quickDeathMs, quickDeathsMax } = this.options.policy;
    this.quickDeaths = exit.uptimeMs < quickDeathMs || !this.wasReady ? this.quickDeaths + 1 : 0;
    if (this.quickDeaths >= quickDeathsMax) return undefined;
    return Math.min(lastMs, firstMs * 2 ** Math.max(0, this.quickDeaths - 1));
  }

  private givenUp(reason: string): IrisError {
    const { quickDeathMs, quickDeathsMax } = this.options.policy;
    const limit = `given up after ${quickDeathsMax} deaths within ${quickDeathMs} ms each`;
    return new IrisError('NODE_FAILED', `${reason}; ${limit}; its log is ${this.node.logPath}`);
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** False when the signal aborted the pause. */
async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await delay(ms, undefined, { signal });
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}

async function exitsWithin(running: NodeProcess, timeoutMs: number): Promise<boolean> {
  const deadline = new AbortController();
  const isOver = await Promise.race([running.exited.then(() => true), pause(timeoutMs, deadline.signal).then(() => false)]);
  deadline.abort();
  return isOver;
}
