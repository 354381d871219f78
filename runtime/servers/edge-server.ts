import { trustingAuthenticator } from '../adapters/authenticator-none.ts';
import { createTokenAuthenticator } from '../adapters/authenticator-token.ts';
import { systemClock, systemRandom } from '../adapters/clock-system.ts';
import { createPinoTelemetry } from '../adapters/telemetry-pino.ts';
import { createTcpTransport } from '../adapters/transport-tcp.ts';
import { IDLE_SWEEP_MS, LOGIN_TIMEOUT_MS } from '../contract/limits.ts';
import type { EdgeConfig } from '../contract/node-config.ts';
import type { SlotRouter } from '../contract/slot-map.ts';
import { LinkPool } from '../link/link-pool.ts';
import type { Authenticator } from '../ports/authenticator.ts';
import type { Publication, Publisher } from '../ports/bus.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import type { Connection } from '../ports/transport.ts';
import { SlotMessageRouter } from '../routing/slot-message-router.ts';
import { ClientConnection } from '../session/client-connection.ts';
import { type SessionParts, sessionCounters } from '../session/session-parts.ts';
import { Stamps } from '../session/stamps.ts';
import { Bursts } from '../wire/bursts.ts';
import { ByteReader } from '../wire/byte-reader.ts';
import { startAdminServer } from './admin-server.ts';
import { drainClients } from './client-drain.ts';
import type { RunningNode } from './running-node.ts';
import { loadSlotMap } from './slot-map-file.ts';

/**
 * Starts an edge: the clients’ side of a region, without state of its own.
 * @throws IrisError CONFIG_INVALID, FILE_UNREADABLE, ADDRESS_IN_USE
 */
export async function startEdge(config: EdgeConfig): Promise<RunningNode> {
  const slots = loadSlotMap(config.slotMapPath, config.environment);
  const telemetry = createPinoTelemetry({ node: config.node, region: config.region, role: 'edge' });
  const clock = systemClock;
  const bursts = new Bursts((callback) => clock.soon(callback));
  const transport = createTcpTransport();
  const identity = { environment: config.environment, region: config.region, node: config.node };
  const links = new LinkPool({ transport, clock, random: systemRandom, bursts, log: telemetry.log, identity }, config.addresses);
  const router = new SlotMessageRouter(slots, links, config.region);
  links.warm(router.localCores);
  const clients = new Set<ClientConnection>();
  let isDraining = false;
  const parts = sessionParts(config, { slots, telemetry, bursts, links, router, isDraining: () => isDraining });
  const forget = (client: ClientConnection) => clients.delete(client);
  const accept = (connection: Connection) => {
    const client = new ClientConnection(parts, connection, forget);
    if (clients.size >= config.connectionsMax) connection.destroy();
    else clients.add(client);
    return client;
  };
  const listening = await transport.listen(config.client, accept);
  const admin = await startAdminServer(config.admin, { telemetry, unreadyReason: () => unready(isDraining, links) });
  telemetry.gauge('iris_connections', 'Open client connections', () => clients.size);
  telemetry.gauge('iris_links_up', 'Links to shard owners that are up', () => links.counts().up);
  const sweep = sweepIdle(clients);
  return {
    listen: { client: listening.address, admin: admin.address },
    async drain() {
      isDraining = true;
      await listening.close();
      await drainClients(clients, { clock, random: systemRandom, bursts, timeoutMs: config.drainTimeoutMs });
      sweep.stop();
      links.close();
      admin.close();
      telemetry.flush();
    },
  };
}

interface SharedParts {
  readonly slots: SlotRouter;
  readonly telemetry: Telemetry;
  readonly bursts: Bursts;
  readonly links: LinkPool;
  readonly router: SlotMessageRouter;
  readonly isDraining: () => boolean;
}

function sessionParts(config: EdgeConfig, shared: SharedParts): SessionParts {
  const { telemetry, bursts, links, router, isDraining } = shared;
  let lastPublisherId = 0;
  return {
    router,
    bus: links,
    feed: links,
    authenticator: authenticatorOf(config),
    clock: systemClock,
    random: systemRandom,
    telemetry,
    bursts,
    stamps: new Stamps(systemClock),
    counters: sessionCounters(telemetry),
    publication: emptyPublication(),
    reader: new ByteReader(),
    sendFrame: { flags: 0, sequence: 0, previous: 0, recipient: Buffer.alloc(0), count: 0, entriesAt: 0 },
    region: config.region,
    awsRegion: shared.slots.map.regions.find((region) => region.code === config.region)?.awsRegion ?? '',
    node: config.node,
    sessionQueuedBytesMax: config.sessionQueuedBytesMax,
    nextPublisherId: () => ++lastPublisherId,
    isDraining,
  };
}

function authenticatorOf({ authentication }: EdgeConfig): Authenticator {
  switch (authentication.kind) {
    case 'none':
      return trustingAuthenticator;
    case 'token':
      return createTokenAuthenticator(authentication);
  }
}

function emptyPublication(): Publication {
  const nothing = Buffer.alloc(0);
  const nobody: Publisher = { publisherId: 0, published() {}, refused() {}, isFenced: () => false };
  return {
    publisher: nobody,
    flags: 0,
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

function unready(isDraining: boolean, links: LinkPool): string | undefined {
  if (isDraining) return 'draining';
  return links.counts().up === 0 ? 'no core of this region can be reached' : undefined;
}

/** One timer for all sessions’ deadlines (L8). */
function sweepIdle(clients: ReadonlySet<ClientConnection>): { stop(): void } {
  let timer = systemClock.after(IDLE_SWEEP_MS, sweep);
  function sweep(): void {
    timer = systemClock.after(IDLE_SWEEP_MS, sweep);
    const now = systemClock.monotonicMs();
    for (const client of clients) client.checkIdle(now, LOGIN_TIMEOUT_MS);
  }
  return { stop: () => timer.stop() };
}
