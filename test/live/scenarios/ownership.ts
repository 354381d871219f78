import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../../servers/node-pair.ts';
import { report } from '../traffic.ts';
import type { Foundation } from './foundation.ts';
import { OwnedGroup, type Taken } from './owned-group.ts';

export interface OwnershipDrills {
  /** Owners killed one after the other. */
  readonly kills: number;
  /** Seconds for which the owner is stopped, with a standby beside it. */
  readonly stops: readonly number[];
  /** The same without a standby. */
  readonly stopsAlone: readonly number[];
}

/**
 * F2, F22, L10, L1-L3: the owner of a shard group is killed, or stopped and goes on later, under load. With a standby that takes over, and
 * without one. One owner per shard and epoch.
 */
export function describeOwnership({ on, flags }: Foundation, { kills, stops, stopsAlone }: OwnershipDrills): void {
  describe(`an owner gone${on}`, () => {
    let group: OwnedGroup;
    afterEach(async () => await group?.stop(), 60_000);

    if (kills > 0)
      it(`${kills} owners killed one after the other: each time the standby serves within 10 s (F2)`, async () => {
        group = await OwnedGroup.start(...flags(), '--standby');
        const gapsMs: number[] = [];
        await group.underLoad(async () => {
          for (let kill = 0; kill < kills; kill++) {
            const owner = await group.oneOwner();
            const before = group.leases().length;
            const killedMs = Date.now();
            group.fleet.killNode(owner);
            await until(() => group.leases().length > before, 'a lease was taken', 12_000);
            const taken = group.leases().at(-1) as Taken;
            expect(taken.node).not.toBe(owner);
            gapsMs.push(taken.timeMs - killedMs);
            await pause(2_000);
          }
        });
        const longestMs = Math.max(...group.traffic.acknowledgedMs);
        report(
          `F2 with a standby${on}: lease taken ${gapsMs.join(', ')} ms after each kill; ${longestMs.toFixed(0)} ms from send to acknowledgement at most`,
        );
        group.traffic.judge(`F2 with a standby${on}`);
        group.judgeLeases();
        expect(longestMs).toBeLessThan(10_000);
      }, 120_000);

    if (stops.length > 0)
      it.each(stops)(
        'the owner is stopped for %i s and goes on, with a standby beside it (F22)',
        async (seconds) => {
          group = await OwnedGroup.start(...flags(), '--standby');
          await judgeStop(group, seconds, on);
        },
        150_000,
      );

    if (stopsAlone.length > 0)
      it.each(stopsAlone)(
        'the only core is stopped for %i s: it ends, is started again, and owns its shards with a new epoch (F22)',
        async (seconds) => {
          group = await OwnedGroup.start(...flags());
          await group.underLoad(async () => {
            const owner = await group.oneOwner();
            group.fleet.signalNode(owner, 'SIGSTOP');
            await pause(seconds * 1_000);
            group.fleet.signalNode(owner, 'SIGCONT');
            await until(() => group.leases().length > 1, 'a new lease was taken', 15_000);
            await group.oneOwner();
          });
          expect(new Set(group.leases().map(({ node }) => node)).size).toBe(1);
          const row = `F22, ${seconds} s without a standby${on}`;
          const epochs = group.leases().map(({ epoch }) => epoch);
          report(`${row}: leases ${epochs.join(', ')}`);
          group.traffic.judge(row);
          group.judgeLeases();
        },
        120_000,
      );
  });
}

/** F22: the owner is stopped and goes on, under load, with a standby beside it. */
export async function judgeStop(group: OwnedGroup, seconds: number, on: string): Promise<void> {
  group.traffic.acknowledgedMs = [];
  const before = group.leases().length;
  const { owner, stoppedMs } = await stopOwner(group, seconds);
  const longestMs = Math.max(...group.traffic.acknowledgedMs);
  const row = `F22, ${seconds} s with a standby${on}`;
  const taken = group.leases().slice(before);
  const leases = taken.map(({ node, epoch, timeMs }) => `${epoch} ${node} after ${timeMs - stoppedMs} ms`).join(', ');
  report(`${row}: ${owner} stopped; leases ${leases}; ${longestMs.toFixed(0)} ms from send to acknowledgement at most`);
  group.traffic.judge(row);
  group.judgeLeases();
  // Whoever was stopped beyond its lease is a standby now.
  if (seconds < 10) return;
  expect([undefined, owner]).not.toContain(taken[0]?.node);
  expect(group.fleet.said).toContain(`${owner} ended with exit code`);
  const isStandby = async () => (await group.readiness(owner))?.startsWith('standby') === true;
  await until(isStandby, `${owner} is a standby`, 15_000);
}

/** Under load; never do two cores say that they own the shards. */
async function stopOwner(group: OwnedGroup, seconds: number): Promise<{ owner: string; stoppedMs: number }> {
  let owner = '';
  let stoppedMs = 0;
  await group.underLoad(async () => {
    owner = await group.oneOwner();
    group.fleet.signalNode(owner, 'SIGSTOP');
    stoppedMs = Date.now();
    while (Date.now() - stoppedMs < seconds * 1_000) {
      expect((await group.owners()).length).toBeLessThanOrEqual(1);
      await pause(100);
    }
    group.fleet.signalNode(owner, 'SIGCONT');
    for (let look = 0; look < 20; look++) {
      expect((await group.owners()).length).toBeLessThanOrEqual(1);
      await pause(100);
    }
    await group.oneOwner();
  });
  return { owner, stoppedMs };
}
