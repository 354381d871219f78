import { systemClock, systemRandom } from '../adapters/clock-system.ts';
import { systemHeapShare } from '../adapters/heap-share.ts';
import { measureMachine } from '../adapters/machine-use.ts';
import { publishOver, readPublication } from '../adapters/slot-maps/publication.ts';
import { createPinoTelemetry } from '../adapters/telemetry-pino.ts';
import { createTcpTransport } from '../adapters/transport-tcp.ts';
import type { IrisError } from '../contract/errors.ts';
import type { CoreConfig } from '../contract/node-config.ts';
import { acceptFailures } from './accept-failures.ts';
import { startAdminServer } from './admin-server.ts';
import { openCoreStores } from './core-stores.ts';
import { deadLettersCommand } from './dead-letters-command.ts';
import { LeasedCore } from './leased-core.ts';
import { leaveCommand } from './leave-command.ts';
import { promotionCommand } from './promotion-command.ts';
import type { RunningNode } from './running-node.ts';
import { openSlotMaps } from './slot-map-source.ts';

/**
 * Starts a core on this machine: the owner of one group’s shards, with its log, inboxes and outboxes; or a standby of the owner that takes
 * over when the lease on the group’s store is free. A core that loses its lease ends with OWNERSHIP_LOST.
 * @throws IrisError CONFIG_INVALID, FILE_UNREADABLE, STORE_FAILED, ADDRESS_IN_USE
 */
export async function startCore(config: CoreConfig): Promise<RunningNode> {
  const telemetry = createPinoTelemetry({ node: config.node, region: config.region, role: 'core' });
  const { slots, register } = await openSlotMaps(config, telemetry);
  const stores = await openCoreStores(config, telemetry);
  const ended = Promise.withResolvers<IrisError>();
  const core = new LeasedCore(config, {
    slots,
    telemetry,
    transport: createTcpTransport({ acceptFailed: acceptFailures(telemetry, systemClock) }),
    clock: systemClock,
    random: systemRandom,
    heapShare: systemHeapShare,
    ownership: (lost) => stores.ownership(lost),
    openStore: (lease, hearer) => stores.open(lease, hearer),
    end(error) {
      telemetry.flush();
      ended.resolve(error);
    },
  });
  await core.open();
  measureMachine({ telemetry, clock: systemClock, ...(stores.directory === undefined ? {} : { directory: stores.directory }) });
  const { group, isSlotMapShared } = config;
  const leave = leaveCommand({
    group,
    isOwner: () => core.owner !== undefined,
    async newest() {
      await slots.refresh();
      return slots.current;
    },
    publish: isSlotMapShared ? async (map) => await publishOver(register, await readPublication(register), map) : undefined,
  });
  const commands = { promote: promotionCommand(() => core.owner), leave, 'dead-letters': deadLettersCommand(() => core.owner) };
  // A standby has none of its own.
  const pages = {
    'dead-letters': () => ({ deadLetters: core.owner?.deadLetters ?? [] }),
    ownership: () => core.owner?.ownership() ?? { isStandby: true, group },
    gaps: () => core.owner?.expired() ?? { inboxes: [], outboxes: [] },
  };
  const admin = await startAdminServer(config.admin, { telemetry, commands, pages, unreadyReason: () => core.unreadyReason });
  return {
    listen: { link: core.linkAddress, admin: admin.address },
    isStandby: core.isStandby,
    tookOver: core.tookOver,
    failed: ended.promise,
    async drain() {
      slots.stop();
      await core.drain();
      await stores.close();
      admin.close();
      telemetry.flush();
    },
  };
}
