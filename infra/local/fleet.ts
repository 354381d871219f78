import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { IrisError } from '../../runtime/contract/errors.ts';
import { type FleetFileNode, writeFleetFile } from './fleet-file.ts';
import type { FleetLayout, FleetNode } from './fleet-layout.ts';
import { type HeldRegions, holdRegions, readHeldRegions } from './held-regions.ts';
import { type NodeProgram, spawnNode } from './node-process.ts';
import { identityOf } from './process-identity.ts';
import { leaveState, prepareState } from './state-folder.ts';
import type { StateLock } from './state-lock.ts';
import { type NodeEvent, RESTART_POLICY, type RestartPolicy, SupervisedNode } from './supervised-node.ts';

/** Milliseconds a node has to say that it is ready: replaying a large log on a busy machine takes seconds, not minutes. */
const READY_TIMEOUT_MS = 60_000;
/** Milliseconds between looks whether a region is to be held down. */
const HOLD_LOOK_MS = 200;
/** Nodes that start at the same moment at least; starting is CPU work, so more than the machine has only adds waiting. */
const STARTS_AT_ONCE_MIN = 2;

export interface NodePrograms {
  readonly edge: NodeProgram;
  readonly core: NodeProgram;
}

export interface FleetOptions {
  /** Puts what the nodes run into a folder of the state; called once, since all nodes share it. */
  bundle(outDir: string): Promise<NodePrograms>;
  readonly env: NodeJS.ProcessEnv;
  readonly policy?: RestartPolicy;
  readonly readyTimeoutMs?: number;
  /** After each node's first ready line. */
  onStarted(node: FleetNode, started: number): void;
  onEvent(event: NodeEvent): void;
  /** Stops the start; a fleet that runs is stopped by `stop`. */
  readonly signal: AbortSignal;
}

/**
 * The processes of one local fleet, from the first start to the last exit. Cores start before edges, so that an edge finds its links;
 * edges stop before cores, so that what they took can still be appended.
 */
export class Fleet {
  private readonly layout: FleetLayout;
  private readonly options: FleetOptions;
  private readonly failure = Promise.withResolvers<IrisError>();
  private readonly killAll: () => void;
  private lock: StateLock | undefined;
  private members: readonly SupervisedNode[] = [];
  private stopped: Promise<void> | undefined;
  private holding: NodeJS.Timeout | undefined;
  private held: HeldRegions = {};

  constructor(layout: FleetLayout, options: FleetOptions) {
    this.layout = layout;
    this.options = options;
    this.killAll = () => {
      for (const member of this.members) member.killNow();
    };
  }

  /** Resolves with NODE_FAILED when a node keeps dying; the fleet still has to be stopped. */
  get failed(): Promise<IrisError> {
    return this.failure.promise;
  }

  /** What fleet.json and `iris up --json` say about each node. */
  get nodes(): readonly FleetFileNode[] {
    return this.members.map(({ node, pid, isStandby }) => ({
      id: node.id,
      role: node.role,
      region: node.region,
      ...(isStandby ? { isStandby } : {}),
      process: identityOf(pid),
      listen: {
        ...(node.role === 'edge' ? { tcp: `127.0.0.1:${node.port}` } : { link: `127.0.0.1:${node.port}` }),
        admin: `127.0.0.1:${node.adminPort}`,
      },
    }));
  }

  /**
   * Takes the state folder and writes what the nodes read.
   * @throws IrisError STATE_IN_USE, ADDRESS_IN_USE or CONFIG_INVALID.
   */
  async prepare(): Promise<void> {
    this.lock = await prepareState(this.layout);
    holdRegions(this.layout.stateDirectory, {});
  }

  /** Builds what the nodes run. @throws IrisError PACKAGE_FAILED */
  async bundle(): Promise<void> {
    const programs = await this.options.bundle(join(this.layout.stateDirectory, 'bundle'));
    this.members = this.layout.nodes.map((node) => this.supervise(node, programs[node.role]));
  }

  /**
   * Resolves when every node is ready, or when the signal stopped the start; all processes are gone in the latter case.
   * @throws IrisError NODE_FAILED of the first node that does not come up, after the others have been stopped.
   */
  async start(): Promise<void> {
    const { signal } = this.options;
    process.once('exit', this.killAll);
    const stopEarly = (): void => void this.stop();
    signal.addEventListener('abort', stopEarly, { once: true });
    try {
      await this.startAll();
      if (this.stopped === undefined) {
        this.remember();
        this.holding = setInterval(() => this.obeyHolds(), HOLD_LOOK_MS);
      }
      await this.stopped;
    } catch (error) {
      await this.stop();
      if (!signal.aborted) throw error;
    } finally {
      signal.removeEventListener('abort', stopEarly);
    }
  }

  /** Resolves when no process of the fleet is left and the state folder is free; may be called at any time and again. */
  async stop(): Promise<void> {
    this.stopped ??= this.stopAll();
    await this.stopped;
  }

  private async startAll(): Promise<void> {
    const atOnce = Math.max(STARTS_AT_ONCE_MIN, availableParallelism());
    let started = 0;
    for (const wave of this.waves()) {
      const waiting = [...wave];
      const startInTurn = async (): Promise<void> => {
        for (let next = waiting.shift(); next !== undefined && this.stopped === undefined; next = waiting.shift()) {
          await next.start();
          started += 1;
          this.options.onStarted(next.node, started);
        }
      };
      await Promise.all(Array.from({ length: atOnce }, startInTurn));
    }
  }

  /** Cores first, so that edges find their links; standbys after them, so that the first core of a group owns it. */
  private waves(): SupervisedNode[][] {
    const groups = this.layout.slotMap.regions.flatMap((region) => region.groups);
    const standbys = new Set(groups.flatMap(({ standby = [] }) => standby));
    const isStandby = ({ node }: SupervisedNode) => node.role === 'core' && standbys.has(`127.0.0.1:${node.port}`);
    const cores = this.members.filter(({ node }) => node.role === 'core');
    return [cores.filter((member) => !isStandby(member)), cores.filter(isStandby), this.members.filter(({ node }) => node.role === 'edge')];
  }

  /** Ends the processes of regions that `iris region` holds down, and lets others go. */
  private obeyHolds(): void {
    const wanted = readHeldRegions(this.layout.stateDirectory);
    const changed = [...new Set([...Object.keys(wanted), ...Object.keys(this.held)])].filter(
      (region) => (wanted[region] === undefined) !== (this.held[region] === undefined),
    );
    this.held = wanted;
    for (const member of this.members.filter(({ node }) => changed.includes(node.region))) {
      const signal = wanted[member.node.region];
      if (signal === undefined) member.release();
      else member.holdDown(signal);
    }
  }

  private async stopAll(): Promise<void> {
    clearInterval(this.holding);
    for (const role of ['edge', 'core'] as const) {
      await Promise.all(this.members.filter(({ node }) => node.role === role).map((member) => member.stop()));
    }
    process.off('exit', this.killAll);
    if (this.lock !== undefined) leaveState(this.layout, this.lock);
  }

  private supervise(node: FleetNode, program: NodeProgram): SupervisedNode {
    const { env, readyTimeoutMs = READY_TIMEOUT_MS, policy = RESTART_POLICY } = this.options;
    return new SupervisedNode({
      node,
      policy,
      spawn: (onOwner) => spawnNode(node, program, { env, readyTimeoutMs, onOwner }),
      onEvent: (event) => {
        if (event.kind === 'restarted' || event.kind === 'took-over') this.remember();
        this.options.onEvent(event);
      },
      onGivenUp: (reason) => this.failure.resolve(reason),
    });
  }

  /** Also after each restart: the next supervisor must know the pids if this one is killed. */
  private remember(): void {
    writeFleetFile(this.layout.stateDirectory, {
      format: 'iris-fleet/1',
      environment: this.layout.environment,
      supervisor: identityOf(process.pid),
      nodes: [...this.nodes],
      ...(this.layout.tls === null ? {} : { authorityPath: this.layout.tls.authorityPath }),
    });
  }
}
