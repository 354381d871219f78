/**
 * The law scenarios of the embedded foundation, as they are, on one real Kafka and one real Cassandra, which stand still themselves in the end
 * (F3, F4, F7, F15, F17-F20, F22, F25).
 */
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../servers/node-pair.ts';
import { describeCutLinks } from './scenarios/cut-links.ts';
import { describeCutRegions } from './scenarios/cut-regions.ts';
import { SharedEngines } from './scenarios/engines.ts';
import { describeFailover } from './scenarios/failover.ts';
import { OwnedGroup } from './scenarios/owned-group.ts';
import { judgeStop } from './scenarios/ownership.ts';
import { describePromotion } from './scenarios/promotion.ts';
import { describeReshard } from './scenarios/reshard.ts';
import { describeSlotMaps } from './scenarios/slot-maps.ts';
import { report } from './traffic.ts';

/** Longer than an owner may go without renewing its lease, and than another waits before it takes it. */
const STILL_MS = 8_000;
/** Until the standby has served for a while. */
const STOPPED_S = 12;
const engines = SharedEngines.forThisFile();

describeReshard(engines);
describePromotion(engines, { changes: 3, drains: [] });
describeFailover(engines, { hasHomes: false, perSecond: 60 });
describeCutRegions(engines, { cuts: ['both ways'], cutMs: 10_000, waitMsMax: 5_000 });
describeSlotMaps(engines);
// Longer than an append may take, so that a send is refused meanwhile.
describeCutLinks(engines, { cutMs: 12_000 });

describe('owners and engines that stand still beyond a lease', () => {
  let group: OwnedGroup;
  beforeAll(async () => {
    group = await OwnedGroup.start(...engines.flags(), '--standby');
  }, 90_000);
  afterAll(async () => await group?.stop(), 60_000);

  it('an owner: its standby serves, it is fenced when it goes on, and never do two say that they own the shards (F22, L10)', async () => {
    await judgeStop(group, STOPPED_S, engines.on);
  }, 150_000);

  it('Cassandra: owners end rather than own without a lease, and one serves again when it goes on (F3, L10)', async () => {
    let leases = 0;
    let [stoppedMs, acknowledged] = [0, 0];
    await group.underLoad(async () => {
      const owner = await group.oneOwner();
      leases = group.leases().length;
      engines.cassandra.signalNode(0, 'SIGSTOP');
      stoppedMs = performance.now();
      try {
        await until(() => group.fleet.said.includes(`${owner} ended with exit code`), 'the owner has ended', 30_000);
        expect(await group.owners()).toEqual([]);
        await pause(STILL_MS - (performance.now() - stoppedMs));
      } finally {
        engines.cassandra.signalNode(0, 'SIGCONT');
      }
      acknowledged = group.traffic.history.acknowledgedCount;
      await until(() => group.traffic.history.acknowledgedCount > acknowledged, 'messages are acknowledged again', 60_000);
    });
    report(
      `F3, Cassandra stands still for 8 s: leases ${group
        .leases()
        .map(({ epoch }) => epoch)
        .join(', ')}`,
    );
    group.traffic.judge('F3, Cassandra stands still for 8 s');
    group.judgeLeases();
    expect(group.leases().length).toBeGreaterThan(leases);
  }, 150_000);

  it('Kafka: commits wait for it, and nothing is lost or doubled (F4, L1-L3)', async () => {
    await group.underLoad(async () => {
      await group.oneOwner();
      engines.kafka.signalBroker(0, 'SIGSTOP');
      try {
        await pause(STILL_MS);
      } finally {
        engines.kafka.signalBroker(0, 'SIGCONT');
      }
      const acknowledged = group.traffic.history.acknowledgedCount;
      await until(() => group.traffic.history.acknowledgedCount > acknowledged, 'messages are acknowledged again', 60_000);
    });
    group.traffic.judge('F4, Kafka stands still for 8 s');
  }, 150_000);
});
