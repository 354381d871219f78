/**
 * The law scenarios of the embedded foundation, as they are, on one real Kafka and one real Cassandra, which stand still themselves in the end
 * (F3, F4, F18).
 */
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../servers/node-pair.ts';
import { SharedEngines } from './scenarios/engines.ts';
import { OwnedGroup } from './scenarios/owned-group.ts';
import { describeReshard } from './scenarios/reshard.ts';
import { report } from './traffic.ts';

/** Longer than an owner may go without renewing its lease, and than another waits before it takes it. */
const STILL_MS = 8_000;
const engines = SharedEngines.forThisFile();

describeReshard(engines);

describe('engines that stand still beyond a lease', () => {
  let group: OwnedGroup;
  beforeAll(async () => {
    group = await OwnedGroup.start(...engines.flags(), '--standby');
  }, 90_000);
  afterAll(async () => await group?.stop(), 60_000);

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
