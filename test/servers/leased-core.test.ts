/** F22, L10: what a core says of itself once its lease has run out, before it has ended. */

import { type CoreConfig, readNodeConfig } from '../../runtime/contract/node-config.ts';
import { createSlotMap } from '../../runtime/contract/slot-map.ts';
import { LeasedCore } from '../../runtime/servers/leased-core.ts';
import { LiveSlotMaps } from '../../runtime/servers/live-slot-maps.ts';
import { SeededRandom } from '../../runtime/simulation/seeded-random.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { openMemoryStore } from '../fakes/memory-inbox-store.ts';
import { MemoryTelemetry } from '../fakes/memory-telemetry.ts';
import { MemoryTransport } from '../fakes/memory-transport.ts';

const CONFIG = {
  format: 'iris-node/1',
  environment: 'unit',
  region: 'tokyo',
  node: 'tokyo-g0-a',
  role: 'core',
  group: 'tokyo-g0',
  local: true,
  slotMapPath: 'slot-map.json',
  admin: { host: '127.0.0.1', port: 1 },
  link: { host: '127.0.0.1', port: 2 },
  store: { kind: 'embedded', directory: 'store' },
};
const MAP = createSlotMap({
  environment: 'unit',
  version: 1,
  shards: 1,
  regions: [
    {
      code: 'tokyo',
      awsRegion: 'ap-northeast-1',
      groups: [{ id: 'tokyo-g0', firstShard: 0, shardCount: 1, address: '127.0.0.1:2' }],
    },
  ],
});

it('a core whose lease has run out is neither ready nor an owner, whatever it has come to know of it', async () => {
  const [clock, telemetry, random] = [new ManualClock(), new MemoryTelemetry(), new SeededRandom(1)];
  const slots = await LiveSlotMaps.open({ source: { poll: async () => MAP }, environment: 'unit', clock, telemetry });
  const lease = { epoch: 7, isHeld: true, release: async () => undefined };
  const core = new LeasedCore(readNodeConfig(CONFIG, {}) as CoreConfig, {
    slots,
    telemetry,
    clock,
    random,
    transport: new MemoryTransport(clock),
    ownership: () => ({ acquire: async () => ({ kind: 'held', lease }) }),
    openStore: async () => openMemoryStore(),
    end: (error) => {
      throw error;
    },
  });
  const opened = core.open();
  await clock.advance(1_000);
  await opened;
  expect([core.unreadyReason, telemetry.value('iris_owner_epoch')]).toEqual([undefined, 7]);
  lease.isHeld = false;
  expect([core.unreadyReason, telemetry.value('iris_owner_epoch')]).toEqual(['its lease has run out', 0]);
  slots.stop();
});
