import { systemClock, systemRandom } from '../adapters/clock-system.ts';
import { systemHeapShare } from '../adapters/heap-share.ts';
import { openLogStore } from '../adapters/inbox-store-log.ts';
import { createFileSlotMapSource } from '../adapters/slot-map-source-file.ts';
import { createPinoTelemetry } from '../adapters/telemetry-pino.ts';
import { createTcpTransport } from '../adapters/transport-tcp.ts';
import { errorLine, IrisError } from '../contract/errors.ts';
import type { CoreConfig } from '../contract/node-config.ts';
import type { StoreBounds } from '../ports/inbox-store.ts';
import { startAdminServer } from './admin-server.ts';
import { openCore } from './core-node.ts';
import { LiveSlotMaps } from './live-slot-maps.ts';
import type { RunningNode } from './running-node.ts';

/**
 * Starts a core on this machine: the owner of one group’s shards, with its log, inboxes and outboxes.
 * @throws IrisError CONFIG_INVALID, FILE_UNREADABLE, STATE_IN_USE, STORE_FAILED, ADDRESS_IN_USE
 */
export async function startCore(config: CoreConfig): Promise<RunningNode> {
  const telemetry = createPinoTelemetry({ node: config.node, region: config.region, role: 'core' });
  const slots = await LiveSlotMaps.open({
    source: createFileSlotMapSource(config.slotMapPath),
    environment: config.environment,
    clock: systemClock,
    telemetry,
  });
  const end = (error: IrisError) => {
    telemetry.flush();
    setImmediate(() => {
      throw error;
    });
  };
  const store = await openLogStore(config.store.directory, {
    bounds: boundsOf(config),
    failed: (error) => telemetry.log.error('store-upkeep-failed', { reason: errorLine(error) }),
    broken: (reason) => {
      telemetry.log.error('store-broken', { reason });
      // Nothing can be stored any more: the process ends, and the one that is started in its place opens the log anew.
      end(new IrisError('STORE_FAILED', reason));
    },
    lost: (reason) => {
      telemetry.log.error('ownership-lost', { reason });
      end(new IrisError('OWNERSHIP_LOST', reason));
    },
  });
  const core = await openCore(config, {
    slots,
    store,
    transport: createTcpTransport(),
    clock: systemClock,
    random: systemRandom,
    telemetry,
    heapShare: systemHeapShare,
  });
  const admin = await startAdminServer(config.admin, {
    telemetry,
    commands: {},
    pages: {},
    unreadyReason: () => (core.isDraining ? 'draining' : undefined),
  });
  return {
    listen: { link: core.linkAddress, admin: admin.address },
    async drain() {
      slots.stop();
      await core.drain();
      admin.close();
      telemetry.flush();
    },
  };
}

function boundsOf({ store }: CoreConfig): StoreBounds {
  return {
    inbox: { envelopesMax: store.inboxEnvelopesMax, bytesMax: store.inboxBytesMax },
    outbox: { envelopesMax: store.outboxEnvelopesMax, bytesMax: store.outboxBytesMax },
  };
}
