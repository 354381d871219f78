import { ProcessRateLimits } from '../adapters/rate-limits-process.ts';
import { createProcessSessionDirectory } from '../adapters/session-directory-process.ts';
import type { ConnectOptions } from '../client/client-options.ts';
import { IrisClient } from '../client/iris-client.ts';
import { errorLine } from '../contract/errors.ts';
import type { CoreConfig, EdgeConfig } from '../contract/node-config.ts';
import { readNodeConfig } from '../contract/node-config.ts';
import { createSlotMap, readSlotMap, type SlotRouter } from '../contract/slot-map.ts';
import type { SlotMap } from '../contract/slot-map-schema.ts';
import type { InboxStore } from '../ports/inbox-store.ts';
import type { SlotMapSource } from '../ports/slot-maps.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import type { CoreNode } from '../servers/core-node.ts';
import { openEdge } from '../servers/edge-node.ts';
import { LeasedCore } from '../servers/leased-core.ts';
import { LiveSlotMaps } from '../servers/live-slot-maps.ts';
import { EngineStorage } from './engine-storage.ts';
import { failReads } from './failing-reads.ts';
import { LogStorage } from './log-storage.ts';
import { MemoryStorage } from './memory-storage.ts';
import type { NodeStorage } from './node-storage.ts';
import { type Sabotage, sabotaged, sabotagedOwnership } from './sabotage.ts';
import { SeededRandom } from './seeded-random.ts';
import { type Place, SimulatedNetwork } from './simulated-network.ts';
import { SIMULATED_TURN_BYTES } from './turn-size.ts';
import { type Crash, ProcessClock, VirtualTime } from './virtual-time.ts';

/** A region as the simulation needs it. */
export interface SimulatedRegion {
  readonly code: string;
  readonly edges: number;
  readonly groups: readonly { readonly id: string; readonly firstShard: number; readonly shardCount: number }[];
}

export interface SimulatedNode {
  readonly id: string;
  readonly role: 'edge' | 'core';
  readonly region: string;
  readonly address: string;
  /** A core’s. A group’s owner and its standby have one storage. */
  readonly group: string | undefined;
  readonly storage: NodeStorage | undefined;
  place: Place | undefined;
  /** A core’s process while it runs. */
  core: LeasedCore | undefined;
  /** What its process does on SIGTERM; absent until it is open. */
  drain: (() => Promise<void>) | undefined;
  starts: number;
}

/** A process has become the owner of a group. */
export interface Ownership {
  readonly group: string;
  readonly epoch: number;
  readonly holder: string;
}

export interface WorldOptions {
  readonly seed: number;
  /** `log`: the production store on a simulated disk. `memory`: a model of it. `engines`: the production store on a log and rows that fail as Kafka and a CQL store do. */
  readonly store: 'log' | 'memory' | 'engines';
  readonly sabotage?: readonly Sabotage[];
  /** A second core beside each, on the same storage. Not with the store `memory`. */
  readonly hasStandbys: boolean;
  /** Hears of each process that becomes the owner of a group. */
  owns?(ownership: Ownership): void;
}

/** Milliseconds that a supervisor waits for a process to end after SIGTERM. */
const STOP_PATIENCE_MS = 30_000;
/** Milliseconds until a process that ended by itself is started again. */
const RESTART_MS = 500;
/** While reads fail, one of so many does. */
const READS_OF_A_FAILURE = 4;
const CORE_PORT = 7_000;
const EDGE_PORT = 8_000;
const ENVIRONMENT = 'simulation';
const NO_PROCESS = { place: undefined, core: undefined, drain: undefined } as const;

/** A whole environment of production nodes and clients on one virtual clock. */
export class World {
  readonly time = new VirtualTime();
  readonly random: SeededRandom;
  readonly network: SimulatedNetwork;
  readonly nodes: SimulatedNode[] = [];
  /** The newest slot map that was published; nodes take it when they look. */
  router: SlotRouter;
  /** Sums of the nodes' counters over all their lives. */
  readonly counters = new Map<string, { value: number }>();
  /** Virtual milliseconds at which each node’s present process was open; absent until then. */
  readonly openedMs = new Map<SimulatedNode, number>();
  /** Virtual milliseconds until which no further cut is made between two regions, by `one|other`. */
  readonly cutUntilMs = new Map<string, number>();
  /** Names of the users who write. */
  users: readonly string[] = [];
  /** The region that is lost and not failed back yet: no move gives it anything. */
  awayRegion: string | undefined;
  /** Who lived there when it was lost. */
  isOfAwayRegion: (user: Buffer) => boolean = () => false;
  /** Hears of users whose inboxes are given to others without what they hold. */
  stranded: (isMeant: (user: Buffer) => boolean) => void = () => undefined;
  /** Bits that are wrong on some disk. */
  readonly flips = new Set<{ repair(): void }>();
  /** Virtual milliseconds until which reads of a storage may be rejected. */
  readonly readsFailUntilMs = new Map<NodeStorage, number>();
  /** Regions whose processes stay down. */
  readonly downRegions = new Set<string>();
  /** Regions and nodes that no newer slot map reaches, with the one they know. */
  private readonly stale = new Map<string, SlotRouter>();
  private readonly gauges = new Map<SimulatedNode, Map<string, () => number>>();

  private readonly options: WorldOptions;
  private readonly sabotages: ReadonlySet<Sabotage>;

  constructor(regions: readonly SimulatedRegion[], options: WorldOptions) {
    this.options = options;
    this.sabotages = new Set(options.sabotage);
    this.random = new SeededRandom(options.seed);
    this.network = new SimulatedNetwork(this.time, this.random);
    this.router = readSlotMap(slotMapOf(regions, options.hasStandbys));
    for (const region of this.router.map.regions) for (const group of region.groups) this.addCores(region.code, group);
    for (const region of regions) {
      for (let i = 0; i < region.edges; i++) {
        const port = EDGE_PORT + this.nodes.length;
        const node = { id: `${region.code}-edge-${i}`, role: 'edge' as const, region: region.code, address: `127.0.0.1:${port}` };
        this.nodes.push({ ...node, group: undefined, storage: undefined, ...NO_PROCESS, starts: 0 });
      }
    }
  }

  publish(map: SlotMap): void {
    this.router = readSlotMap(map);
  }

  after(ms: number, run: () => void): void {
    this.time.schedule(this.time.nowMs + ms, run);
  }

  /** From now on no newer map reaches the region, or the node, until it is released. */
  holdMaps(place: string): void {
    this.stale.set(place, this.router);
  }

  releaseMaps(place: string): void {
    this.stale.delete(place);
  }

  /** Everyone gets the newest map. */
  releaseAllMaps(): void {
    this.stale.clear();
  }

  get regions(): string[] {
    return this.router.map.regions.map((region) => region.code);
  }

  edgesOf(region: string): string[] {
    return this.nodes.filter((node) => node.role === 'edge' && node.region === region).map((node) => node.address);
  }

  /** Starts a process for the node, unless it has one. */
  start(node: SimulatedNode, crash?: Crash): void {
    if (node.place !== undefined || this.downRegions.has(node.region)) return;
    node.starts++;
    const place = { region: node.region, clock: new ProcessClock(this.time) };
    node.place = place;
    place.clock.crashAfter(crash);
    this.open(node, place).catch((error: unknown) => this.ended(node, place, errorLine(error)));
  }

  /** Why the last process ended that did so by itself. */
  lastEnd: string | undefined;

  /** A process that has to end, or cannot start, is started again, as its supervisor would. */
  private ended(node: SimulatedNode, place: Place, reason: string): void {
    if (node.place !== place) return;
    this.kill(node, { hasPower: true });
    this.time.schedule(this.time.nowMs + RESTART_MS, () => this.start(node));
    this.counter('simulation_processes_ended_total').value++;
    this.lastEnd = reason;
  }

  /** kill -9; without power, what was not synced is gone too. */
  kill(node: SimulatedNode, { hasPower }: { hasPower: boolean }): void {
    const { place } = node;
    if (place === undefined) return;
    Object.assign(node, NO_PROCESS);
    this.openedMs.delete(node);
    this.gauges.delete(node);
    place.clock.kill();
    this.network.kill(place);
    node.storage?.processEnded(node.id);
    if (hasPower || node.storage === undefined) return;
    // The machine that has the storage goes down, with whatever runs there.
    for (const other of this.nodes)
      if (other.storage === node.storage && other.place !== undefined) this.restart(other, { hasPower: true });
    node.storage.losePower();
  }

  /** kill -9, and a new process later, as a supervisor starts it; `crash` may end that one. */
  restart(node: SimulatedNode, { hasPower, crash }: { hasPower: boolean; crash?: Crash }): void {
    this.kill(node, { hasPower });
    this.time.schedule(this.time.nowMs + this.random.between(200, 9_000), () => this.start(node, crash));
  }

  /** SIGTERM: the process finishes what it has taken in and ends, or is killed when that takes too long; then a new one is started. */
  stop(node: SimulatedNode): void {
    const { place, drain } = node;
    const end = () => {
      if (node.place === place) this.restart(node, { hasPower: true });
    };
    this.after(drain === undefined ? 0 : STOP_PATIENCE_MS, end);
    drain?.().then(end, end);
  }

  /** A client of its own process in a region; `repeated` hears what its window keeps from the application. */
  connect(region: string, options: ConnectOptions, repeated: (body: Buffer) => void): Promise<IrisClient> {
    const clock = new ProcessClock(this.time);
    return IrisClient.connect(options, { transport: this.network.transportOf({ region, clock }), clock, random: this.random, repeated });
  }

  /** The process that serves a group now. */
  ownerOf(group: string): CoreNode | undefined {
    return this.nodes.find((node) => node.group === group && node.core?.owner !== undefined)?.core?.owner;
  }

  /** What a node’s process shows; 0 where it has none. */
  gauge(node: SimulatedNode, name: string): number {
    return this.gauges.get(node)?.get(name)?.() ?? 0;
  }

  /** What a node’s process shows; undefined where it has none, or shows no such figure. */
  shown(node: SimulatedNode, name: string): number | undefined {
    return this.gauges.get(node)?.get(name)?.();
  }

  counter(name: string): { value: number } {
    const known = this.counters.get(name);
    if (known !== undefined) return known;
    const counter = { value: 0 };
    this.counters.set(name, counter);
    return counter;
  }

  private addCores(region: string, group: { id: string; address: string; standby?: string[] | undefined }): void {
    const storage = this.newStorage();
    [group.address, ...(group.standby ?? [])].forEach((address, i) => {
      const id = i === 0 ? group.id : `${group.id}-standby`;
      this.nodes.push({ id, role: 'core', region, address, group: group.id, storage, ...NO_PROCESS, starts: 0 });
    });
  }

  private newStorage(): NodeStorage {
    const { store } = this.options;
    if (store === 'memory') return new MemoryStorage(this.random);
    return store === 'log' ? new LogStorage(this.time, this.random) : new EngineStorage(this.time, this.random);
  }

  private async open(node: SimulatedNode, place: Place): Promise<void> {
    const { clock } = place;
    const parts = { transport: this.network.transportOf(place), clock, random: this.random, telemetry: this.telemetry(node) };
    // Every node reads the same document: a table of 2^20 slots is made once for all.
    const read = (document: unknown) => {
      const known = this.routerOf(node);
      return document === known.map ? known : readSlotMap(document);
    };
    const source = this.slotMapSource(node);
    const slots = await LiveSlotMaps.open({ ...parts, source, environment: ENVIRONMENT, read });
    if (node.role === 'core') {
      const access = (node.storage as NodeStorage).access({ holder: node.id, clock });
      const core = new LeasedCore(configOf(node) as CoreConfig, {
        ...parts,
        slots,
        turnBytes: SIMULATED_TURN_BYTES,
        ownership: (lost) => sabotagedOwnership((hears) => access.ownership(hears), lost, this.sabotages),
        openStore: async (lease, hearer) => this.prepared(await access.openStore(lease, hearer), node),
        end: (error) => this.ended(node, place, error.message),
        ...(this.sabotages.has('bucket-order') && { bucketOf: (_sender: Uint8Array, count: number) => this.random.below(count) }),
      });
      node.core = core;
      await core.open();
      if (node.place === place) node.drain = () => core.drain();
    } else {
      const directory = createProcessSessionDirectory({ node: node.id, region: node.region });
      const edge = await openEdge(configOf(node) as EdgeConfig, {
        ...parts,
        clientTransport: parts.transport,
        slots,
        directory,
        rates: new ProcessRateLimits({ ...parts, rates: {} }),
        authenticator: { authenticate() {} },
      });
      if (node.place === place) node.drain = () => edge.drain();
    }
    if (node.place === place) this.openedMs.set(node, this.time.nowMs);
  }

  private prepared(store: InboxStore, { storage }: SimulatedNode): InboxStore {
    const isBad = () => storage !== undefined && this.time.nowMs < (this.readsFailUntilMs.get(storage) ?? 0);
    failReads(store, () => isBad() && this.random.oneIn(READS_OF_A_FAILURE));
    return sabotaged(store, this.sabotages);
  }

  private routerOf(node: SimulatedNode): SlotRouter {
    return this.stale.get(node.region) ?? this.stale.get(node.id) ?? this.router;
  }

  private slotMapSource(node: SimulatedNode): SlotMapSource {
    let seen: SlotRouter | undefined;
    return {
      poll: async () => {
        const router = this.routerOf(node);
        if (seen === router) return undefined;
        seen = router;
        return router.map;
      },
    };
  }

  private telemetry(node: SimulatedNode): Telemetry {
    const nothing = () => undefined;
    const gauges = new Map<string, () => number>();
    this.gauges.set(node, gauges);
    const holder = `${node.id}#${node.starts}`;
    const info = (event: string, fields: Readonly<Record<string, unknown>> = {}) => {
      if (event === 'ownership-taken') this.options.owns?.({ group: node.group ?? '', epoch: Number(fields['epoch']), holder });
    };
    return {
      log: { info, warn: nothing, error: nothing },
      counter: (name) => this.counter(name),
      gauge: (name, _help, read) => void gauges.set(name, read),
    };
  }
}

function slotMapOf(regions: readonly SimulatedRegion[], hasStandbys: boolean): SlotMap {
  const address = () => `127.0.0.1:${port++}`;
  let port = CORE_PORT;
  const shards = regions.flatMap((region) => region.groups).reduce((sum, group) => sum + group.shardCount, 0);
  return createSlotMap({
    environment: ENVIRONMENT,
    version: 1,
    shards,
    regions: regions.map(({ code, groups }) => ({
      code,
      awsRegion: code,
      groups: groups.map(({ id, firstShard, shardCount }) => {
        const standby = hasStandbys ? { standby: [address()] } : {};
        return { id, firstShard, shardCount, address: address(), ...standby };
      }),
    })),
  });
}

/** Through the one validator, like every other node’s. */
function configOf(node: SimulatedNode): CoreConfig | EdgeConfig {
  const [host, port] = node.address.split(':') as [string, string];
  const listener = { host, port: Number(port) };
  const admin = { host, port: 0 };
  const shared = {
    format: 'iris-node/1',
    environment: ENVIRONMENT,
    region: node.region,
    node: node.id,
    local: true,
    slotMapPath: 'slot-map.json',
    admin,
  };
  const document =
    node.role === 'core'
      ? { ...shared, role: 'core', group: node.group, link: listener, store: { kind: 'embedded', directory: 'store' } }
      : { ...shared, role: 'edge', client: listener, authentication: { kind: 'none' } };
  return readNodeConfig(document, {});
}
