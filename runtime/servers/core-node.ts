import { isBucketName } from '../contract/bucket-name.ts';
import type { DeadLetter } from '../contract/dead-letter.ts';
import { errorLine, IrisError } from '../contract/errors.ts';
import type { BucketOf } from '../contract/layout.ts';
import { DEDUP_SWEEP_MS, DEDUP_WINDOW_MS, PROMOTION_SWEEP_MS } from '../contract/limits.ts';
import type { CoreConfig } from '../contract/node-config.ts';
import { ReplayLane } from '../follow/replay-lane.ts';
import { Inboxes } from '../inbox/inboxes.ts';
import type { Promotion } from '../inbox/promotions.ts';
import { Retention, type RetentionReport } from '../inbox/retention.ts';
import type { ReturnedLetters } from '../inbox/returned-letters.ts';
import { LinkPool } from '../link/link-pool.ts';
import { LoadMeter } from '../load/load-meter.ts';
import { heapSignals, queueSignal } from '../load/signals.ts';
import type { Clock, Random } from '../ports/clock.ts';
import type { InboxStore } from '../ports/inbox-store.ts';
import type { SlotMaps } from '../ports/slot-maps.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import type { Transport } from '../ports/transport.ts';
import { bridgeCounters, OutboxBridge } from '../region-bridge/outbox-bridge.ts';
import { OwnLog } from '../region-bridge/own-log.ts';
import { Bursts } from '../wire/bursts.ts';
import { LinksIn } from './links-in.ts';
import { type Ownership, ownershipOf } from './ownership.ts';
import { storeGauges } from './store-gauges.ts';

/** What a core stands on: the machine’s, or a simulation’s. */
export interface CoreParts {
  /** How a bucket is chosen; left out but to plant a fault. */
  readonly bucketOf?: BucketOf;
  /** Bytes of a commit that are worked on at a time; left out but to have more turns. */
  readonly turnBytes?: number;
  readonly slots: SlotMaps;
  readonly store: InboxStore;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  /** Of the lease under which the store is held; left out where nothing is leased. */
  readonly epoch?: number;
  /** Share of the heap in use; left out where nothing is measured. */
  readonly heapShare?: () => number;
}

export interface CoreNode {
  /** What this core owns by the slot map in force, and how far it has come with a move. */
  ownership(): Promise<Ownership>;
  readonly linkAddress: string;
  readonly isDraining: boolean;
  /** What was set aside because its handler failed on it. */
  readonly deadLetters: readonly DeadLetter[];
  /** What an operator decides about them. */
  readonly returnedLetters: ReturnedLetters;
  /** What waited too long and was taken out. */
  expired(): RetentionReport;
  /** The group to ask instead, where the user is not at home here. */
  homeOf(user: Buffer): { readonly home: string } | undefined;
  /** Gives a user of this core so many buckets; unforced only when all linked nodes read them. @throws IrisError COMMAND_INVALID, OVERLOADED */
  promote(user: Buffer, count: number, options?: { isForced: boolean }): Promise<Promotion>;
  /** Finishes what was taken in and closes links and store. */
  drain(): Promise<void>;
}

/**
 * Joins the rooms of a core and opens its link listener.
 * @throws IrisError CONFIG_INVALID, STORE_FAILED, ADDRESS_IN_USE
 */
export async function openCore(config: CoreConfig, parts: CoreParts): Promise<CoreNode> {
  const { slots, store, transport, clock, telemetry, epoch = 0 } = parts;
  checkGroup(config, slots);
  const bursts = new Bursts((callback) => clock.soon(callback));
  const load = loadOf(parts, () => inboxes.commitQueueShare);
  const links = linksOf(config, parts, { bursts, load });
  const lane = new ReplayLane(clock);
  const bridges = new Bridges({ store, links, clock, telemetry, slots, lane, region: config.region });
  const linksIn = new LinksIn();
  const inboxes = new Inboxes({
    ...parts,
    peers: links,
    region: config.region,
    group: config.group,
    load,
    lane,
    owners: links,
    bucketMessagesPerSecondMax: config.bucketMessagesPerSecondMax,
    outboxCommitted: (group, entry) => bridges.of(group).committed(entry),
    nodesWithoutBuckets: () => linksIn.withoutBuckets,
  });
  bridges.attach(inboxes);
  await inboxes.load();
  const retention = await startRetention(config, parts, inboxes);
  for (const group of await store.outboxGroups()) bridges.of(group);
  const { environment, node } = config;
  const accepting = { owner: inboxes, bursts, clock, log: telemetry.log, environment, node, epoch };
  const listening = await transport.listen(config.link, (connection) => linksIn.accept(accepting, connection));
  const sweep = sweepMarks(store, clock, telemetry);
  storeGauges(store, telemetry);
  telemetry.gauge('iris_replays_waiting', 'Readers far behind who wait for their turn', () => lane.length);
  telemetry.gauge('iris_links_in', 'Nodes linked to this core', () => linksIn.size);
  const bucketSweep = sweepBuckets(inboxes, clock, telemetry);
  let isDraining = false;
  return {
    linkAddress: listening.address,
    get isDraining() {
      return isDraining;
    },
    get deadLetters() {
      return inboxes.deadLetters.list;
    },
    returnedLetters: inboxes.returnedLetters,
    async ownership() {
      return ownershipOf({ router: slots.current, group: config.group, counts: await store.counts(), inboxes });
    },
    expired: () => retention.report,
    homeOf(user) {
      const { group } = slots.current.homeOfUser(user);
      return group === config.group ? undefined : { home: group };
    },
    promote: (user, count, options) => inboxes.promote(user, count, options),
    async drain() {
      isDraining = true;
      sweep.stop();
      load.stop();
      bucketSweep.stop();
      retention.stop();
      await listening.close();
      bridges.stop();
      await inboxes.drained();
      bursts.flushNow();
      linksIn.end();
      links.close();
      await store.close();
    },
  };
}

function linksOf(config: CoreConfig, parts: CoreParts, joined: { bursts: Bursts; load: LoadMeter }): LinkPool {
  const { slots, transport, clock, random, telemetry } = parts;
  const identity = { environment: config.environment, region: config.region, node: config.node };
  const standbysOf = (address: string) => slots.current.standbysOf(address);
  const links = new LinkPool({ transport, clock, random, telemetry, identity, standbysOf, ...joined }, config.addresses);
  slots.onChange((now) => links.slotsChanged(now));
  return links;
}

function loadOf({ clock, telemetry, heapShare }: CoreParts, commitQueueShare: () => number): LoadMeter {
  telemetry.gauge('iris_queue_percent', 'Fill of the queue that waits for a commit', () => commitQueueShare() * 100);
  return new LoadMeter({ clock, telemetry, signals: [queueSignal('commit-queue', commitQueueShare), ...heapSignals(heapShare)] });
}

async function startRetention(config: CoreConfig, parts: CoreParts, inboxes: Inboxes): Promise<Retention> {
  const { inboxRetentionMs, outboxRetentionMs } = config.store;
  const { store, clock, telemetry } = parts;
  const retention = new Retention({
    store,
    clock,
    telemetry,
    gaps: inboxes.gaps,
    inboxMs: inboxRetentionMs,
    outboxMs: outboxRetentionMs,
    change: (change) => inboxes.change(change),
    added: (user, gap) => inboxes.gapAdded(user, gap),
    nextPosition: () => inboxes.nextPosition,
    isRead: (user) => inboxes.isRead(user),
  });
  await retention.load();
  return retention;
}

function checkGroup(config: CoreConfig, slots: SlotMaps): void {
  const region = slots.current.map.regions.find((candidate) => candidate.code === config.region);
  if (region?.groups.some((group) => group.id === config.group)) return;
  const known = region?.groups.map((group) => group.id).join(', ') ?? 'no such region';
  throw new IrisError('CONFIG_INVALID', `group ${config.group} is not in region ${config.region} of the slot map, which has: ${known}`);
}

/** The bridges of this core’s outboxes, each made when its group is first needed. */
class Bridges {
  private readonly parts: {
    store: InboxStore;
    links: LinkPool;
    clock: Clock;
    telemetry: Telemetry;
    slots: SlotMaps;
    lane: ReplayLane;
    region: string;
  };
  private readonly bridges = new Map<string, OutboxBridge>();
  private inboxes: Inboxes | undefined;
  private own: OwnLog | undefined;
  private lastPublisherId = 0;

  constructor(parts: Bridges['parts']) {
    this.parts = parts;
    bridgeCounters(parts.telemetry);
    parts.telemetry.gauge('iris_outbox_under_way', 'Envelopes on their way to other groups, unanswered', () => this.underWay);
  }

  private ownLog(inboxes: Inboxes): OwnLog {
    this.own ??= new OwnLog({
      takeBack: (request) => inboxes.takeBack(request),
      publisherEnded: (origin, publisherId) => inboxes.publisherEnded(origin, publisherId),
    });
    return this.own;
  }

  attach(inboxes: Inboxes): void {
    this.inboxes = inboxes;
  }

  of(group: string): OutboxBridge {
    const known = this.bridges.get(group);
    if (known !== undefined) return known;
    const { store, links, clock, telemetry, slots, lane, region } = this.parts;
    const inboxes = this.inboxes as Inboxes;
    const parts = {
      store,
      bus: links,
      clock,
      telemetry,
      lane,
      heldBack: inboxes.heldBack,
      homeOf: (recipient: Buffer) => slots.current.homeOfUser(recipient),
      isAstray: (inbox: Buffer) => isBucketName(inbox) && slots.current.isAstray(region),
      ownLog: this.ownLog(inboxes),
      change: inboxes.change.bind(inboxes),
      setAside: inboxes.deadLetters.setAside.bind(inboxes.deadLetters),
      nextPublisherId: () => ++this.lastPublisherId,
    };
    const bridge = new OutboxBridge(parts, group);
    this.bridges.set(group, bridge);
    return bridge;
  }

  private get underWay(): number {
    return [...this.bridges.values()].reduce((sum, bridge) => sum + bridge.underWayCount, 0);
  }

  stop(): void {
    for (const bridge of this.bridges.values()) bridge.stop();
  }
}

/** Forgets sequence marks that are out of the window (X2), at start and every hour. */
function sweepMarks(store: InboxStore, clock: Clock, telemetry: Telemetry): { stop(): void } {
  let timer = clock.after(DEDUP_SWEEP_MS, sweep);
  function sweep(): void {
    timer = clock.after(DEDUP_SWEEP_MS, sweep);
    store.expireMarks(clock.nowMs() - DEDUP_WINDOW_MS).then(
      (count) => telemetry.log.info('marks-expired', { count }),
      (error: unknown) => telemetry.log.error('marks-expiry-failed', { reason: String(error) }),
    );
  }
  return { stop: () => timer.stop() };
}

/** Looks after promoted inboxes. */
function sweepBuckets(inboxes: Inboxes, clock: Clock, telemetry: Telemetry): { stop(): void } {
  let timer = clock.after(PROMOTION_SWEEP_MS, sweep);
  function sweep(): void {
    inboxes
      .sweepBuckets()
      .catch((error: unknown) => telemetry.log.error('bucket-sweep-failed', { reason: errorLine(error) }))
      .finally(() => {
        timer = clock.after(PROMOTION_SWEEP_MS, sweep);
      });
  }
  return { stop: () => timer.stop() };
}
