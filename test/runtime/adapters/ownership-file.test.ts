/** L10, F2, F11, F22: leases as files on the group’s volume. */
import { FileOwnership } from '../../../runtime/adapters/ownership-file.ts';
import { OWNERSHIP_LEASE_MS } from '../../../runtime/contract/limits.ts';
import { SectorDisk } from '../../../runtime/simulation/sector-disk.ts';
import { SeededRandom } from '../../../runtime/simulation/seeded-random.ts';
import { describeOwnershipContract, type LeaseGround, LeaseNode } from '../../contract/ownership-contract.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import { ProcessDisk } from '../../fakes/process-disk.ts';

const DIRECTORY = '/store/lease';

function groundOn(disk: SectorDisk): LeaseGround {
  return {
    clock: new ManualClock(),
    taker(delay) {
      const own = new ProcessDisk(disk, delay);
      return {
        get isStopped() {
          return own.isStopped;
        },
        open: (parts) => new FileOwnership({ directory: DIRECTORY, ...parts, disk: own }),
        stop: () => own.stop(),
        go: () => own.go(),
      };
    },
    async removeLeases() {
      for (const name of await disk.list(DIRECTORY)) await disk.remove(`${DIRECTORY}/${name}`);
    },
  };
}

const ground = (random = new SeededRandom(1)) => groundOn(new SectorDisk({ random }));
describeOwnershipContract('a folder', { ground: () => ground(), roughGround: ground, runs: 60 });

it('a full or failing disk costs the lease only when it lasts', async () => {
  const disk = new SectorDisk({ random: new SeededRandom(1) });
  const place = groundOn(disk);
  const { clock } = place;
  const owner = new LeaseNode('a', place);
  await owner.ask();
  disk.capacityBytes = 0;
  await clock.advance(10 * OWNERSHIP_LEASE_MS);
  expect(owner.lease?.isHeld).toBe(true);
  disk.failures.push(...Array.from({ length: 5 }, () => ({ operation: 'write' as const, code: 'EIO' })));
  await clock.advance(OWNERSHIP_LEASE_MS);
  expect(owner.lease?.isHeld).toBe(true);
  disk.failures.push(...Array.from({ length: 1_000 }, () => ({ operation: 'write' as const, code: 'EIO' })));
  await clock.advance(2 * OWNERSHIP_LEASE_MS);
  expect([owner.lease?.isHeld, owner.lost]).toEqual([false, [expect.stringMatching(/could not be renewed/)]]);
});
