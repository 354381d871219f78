import type { Layout } from '../contract/layout.ts';
import { EDGE_FILES_RESERVED, IDLE_SWEEP_MS, LOGIN_TIMEOUT_MS, PUSH_STOCK_BYTES } from '../contract/limits.ts';
import type { EdgeConfig } from '../contract/node-config.ts';
import { LinkPool } from '../link/link-pool.ts';
import { LoadMeter } from '../load/load-meter.ts';
import { heapSignals, queueSignal } from '../load/signals.ts';
import type { Authenticator } from '../ports/authenticator.ts';
import type { Publication, Publisher } from '../ports/bus.ts';
import type { Clock, Random } from '../ports/clock.ts';
import type { LoadLevel } from '../ports/load-level.ts';
import type { RateLimits } from '../ports/rate-limits.ts';
import type { SessionDirectory } from '../ports/session-directory.ts';
import type { SlotMaps } from '../ports/slot-maps.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import type { ClientTransport, Connection, ServerTransport } from '../ports/transport.ts';
import type { PresenceSources } from '../presence/watched-user.ts';
import { WatchedUsers } from '../presence/watched-users.ts';
import { SlotMessageRouter } from '../routing/slot-message-router.ts';
import { connectionLimited, connectionWaitMs } from '../session/admission.ts';
import { ClientConnection } from '../session/client-connection.ts';
import { RefusedConnections } from '../session/refused-connections.ts';
import { type SessionParts, sessionCounters } from '../session/session-parts.ts';
import { SessionTimes } from '../session/session-times.ts';
import { Stamps } from '../session/stamps.ts';
import { Bursts } from '../wire/bursts.ts';
import { ByteReader } from '../wire/byte-reader.ts';
import { drainClients } from './client-drain.ts';
import { limitedAddresses } from './limited-addresses.ts';

/** What an edge stands on: the machine’s, or a simulation’s. */
export interface EdgeParts {
  readonly slots: SlotMaps;
  readonly authenticator: Authenticator;
  /** To the owners of shards. */
  readonly transport: ClientTransport;
  /** From clients. */
  readonly clientTransport: ServerTransport;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  readonly directory: SessionDirectory;
  readonly rates: RateLimits;
  /** Share of the heap in use; left out where nothing is measured. */
  readonly heapShare?: () => number;
  /** Files and sockets that the process may have open; it takes fewer connections than its config allows where they would not fit. */
  readonly openFilesMax?: number;
}

export interface EdgeNode {
  readonly clientAddress: string;
  /** Why this edge should get no new clients; undefined while it is ready. */
  unreadyReason(): string | undefined;
  /** Sends the clients elsewhere, answers what was taken in, closes. */
  drain(): Promise<void>;
}

/**
 * Joins the rooms of an edge and opens its client listener.
 * @throws IrisError CONFIG_INVALID, ADDRESS_IN_USE
 */
export async function openEdge(config: EdgeConfig, parts: EdgeParts): Promise<EdgeNode> {
  const { slots, transport, clientTransport, clock, random, telemetry } = parts;
  const bursts = new Bursts((callback) => clock.soon(callback));
  const identity = { environment: config.environment, region: config.region, node: config.node };
  const signals = [queueSignal('link-queue', () => links.queueShare), ...heapSignals(parts.heapShare)];
  const load = new LoadMeter({ clock, telemetry, signals });
  const standbysOf = (address: string) => slots.current.standbysOf(address);
  const laidOut = (user: Buffer, layout: Layout) => router.laidOut(user, layout);
  const links = new LinkPool({ transport, clock, random, bursts, telemetry, identity, load, standbysOf, laidOut }, config.addresses);
  const router: SlotMessageRouter = new SlotMessageRouter(slots, links, config.region);
  links.locateBy((user) => router.ownerOf(user));
  slots.onChange((now) => links.slotsChanged(now));
  links.warm(router.localCores);
  const clients = new Set<ClientConnection>();
  let isDraining = false;
  const sessions = sessionParts(config, { parts, bursts, links, router, load, isDraining: () => isDraining });
  const forget = (client: ClientConnection) => clients.delete(client);
  const refusals = new RefusedConnections({ clock, telemetry });
  const connectionsMax = connectionsMaxOf(config, parts);
  const listening = await clientTransport.listen(config.client, (connection: Connection) => {
    if (clients.size >= connectionsMax) return refusals.take(connection);
    const waitMs = connectionWaitMs(sessions, connection);
    if (waitMs > 0) return refusals.take(connection, connectionLimited(waitMs));
    const client = new ClientConnection(sessions, connection, forget);
    clients.add(client);
    return client;
  });
  telemetry.gauge('iris_connections', 'Open client connections', () => clients.size);
  telemetry.gauge('iris_queue_percent', 'Fill of the queue that waits for owners', () => links.queueShare * 100);
  telemetry.gauge('iris_links_up', 'Links to shard owners that are up', () => links.counts().up);
  const sweep = sweepIdle(clients, clock);
  return {
    clientAddress: listening.address,
    unreadyReason() {
      if (isDraining) return 'draining';
      return links.counts().up === 0 ? 'no core of this region can be reached' : undefined;
    },
    async drain() {
      isDraining = true;
      await listening.close();
      await drainClients(clients, { clock, random, bursts, timeoutMs: config.drainTimeoutMs });
      sweep.stop();
      load.stop();
      links.close();
      parts.rates.close();
      await parts.directory.close();
    },
  };
}

/** As many as the config says, or as the process may have open beside its links (F23). */
function connectionsMaxOf({ connectionsMax }: EdgeConfig, { openFilesMax, slots, telemetry }: EdgeParts): number {
  if (openFilesMax === undefined) return connectionsMax;
  const owners = slots.current.map.regions.reduce((sum, region) => sum + region.groups.length, 0);
  const fitting = Math.max(1, openFilesMax - EDGE_FILES_RESERVED - owners);
  if (fitting < connectionsMax) telemetry.log.warn('connections-capped', { connectionsMax, openFilesMax, fitting });
  return Math.min(connectionsMax, fitting);
}

interface JoinedParts {
  readonly parts: EdgeParts;
  readonly bursts: Bursts;
  readonly links: LinkPool;
  readonly router: SlotMessageRouter;
  readonly load: LoadLevel;
  readonly isDraining: () => boolean;
}

function sessionParts(config: EdgeConfig, { parts, bursts, links, router, load, isDraining }: JoinedParts): SessionParts {
  const { slots, authenticator, clock, random, telemetry, directory, rates } = parts;
  let lastPublisherId = 0;
  const sources: PresenceSources = {
    owner: (user, hears) => links.watchPresence(router.ownerOf(user), user, hears),
    directory: (user, hears) => directory.watch(user, hears),
  };
  const untold = telemetry.counter('iris_gap_untold_total', 'Missing messages of which the client cannot be told');
  return {
    router,
    bus: links,
    feed: links,
    authenticator,
    clock,
    random,
    telemetry,
    directory,
    rates,
    presence: new WatchedUsers({ clock, telemetry, load, sources }),
    limitedAddress: limitedAddresses(config.rateLimits.unlimitedNetworks),
    load,
    bursts,
    stamps: new Stamps(clock),
    counters: sessionCounters(telemetry),
    times: new SessionTimes({ telemetry, clock }),
    publication: emptyPublication(),
    reader: new ByteReader(),
    sendFrame: { flags: 0, sequence: 0, previous: 0, recipient: Buffer.alloc(0), count: 0, entriesAt: 0 },
    region: config.region,
    awsRegion: slots.current.map.regions.find((region) => region.code === config.region)?.awsRegion ?? '',
    node: config.node,
    sessionQueuedBytesMax: config.sessionQueuedBytesMax,
    pushStock: { bytes: PUSH_STOCK_BYTES },
    nextPublisherId: () => ++lastPublisherId,
    gapUntold: ({ messages }, protocol) => {
      untold.value += messages;
      telemetry.log.warn('gap-untold', { messages, protocol });
    },
    isDraining,
  };
}

function emptyPublication(): Publication {
  const nothing = Buffer.alloc(0);
  const nobody: Publisher = { publisherId: 0, published() {}, refused() {}, isFenced: () => false };
  return {
    publisher: nobody,
    flags: 0,
    mayJoin: false,
    count: 0,
    sequence: 0,
    previous: 0,
    stamp: 0,
    device: nothing,
    sender: nothing,
    recipient: nothing,
    buffer: nothing,
    start: 0,
    end: 0,
  };
}

/** One timer for all sessions’ deadlines (L8). */
function sweepIdle(clients: ReadonlySet<ClientConnection>, clock: Clock): { stop(): void } {
  let timer = clock.after(IDLE_SWEEP_MS, sweep);
  function sweep(): void {
    timer = clock.after(IDLE_SWEEP_MS, sweep);
    const now = clock.monotonicMs();
    for (const client of clients) client.checkIdle(now, LOGIN_TIMEOUT_MS);
  }
  return { stop: () => timer.stop() };
}
