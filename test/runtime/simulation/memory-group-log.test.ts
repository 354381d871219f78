import { MemoryLogStorage } from '../../../runtime/simulation/memory-group-log.ts';
import { SeededRandom } from '../../../runtime/simulation/seeded-random.ts';
import { describeGroupLogContract } from '../../contract/group-log-contract.ts';
import { HastyClock } from '../../fakes/hasty-clock.ts';

describeGroupLogContract('memory log', async () => {
  const clock = new HastyClock();
  const storage = new MemoryLogStorage({ clock, random: new SeededRandom(1) });
  return {
    log: storage.open(clock),
    openAgain: async () => storage.open(clock),
    removeBefore: async (offset) => storage.removeBefore(offset),
    away: async () => {
      storage.awayUntilMs = Number.POSITIVE_INFINITY;
    },
    back: async () => {
      storage.awayUntilMs = 0;
    },
    dispose: async () => undefined,
  };
});

describe('memory log with faults', () => {
  const bodies = async (storage: MemoryLogStorage, clock: HastyClock): Promise<string[]> => {
    const found: string[] = [];
    for await (const part of storage.open(clock).read(0)) found.push(...part.map(({ body }) => body.toString()));
    return found;
  };
  /** Appends 100 entries one by one, each again until it is acknowledged. */
  const appendAll = async (storage: MemoryLogStorage, clock: HastyClock) => {
    const log = storage.open(clock);
    let failures = 0;
    for (let number = 0; number < 100; ) {
      const outcome = await log.append([Buffer.from(String(number))]).catch((error: unknown) => error as Error);
      if (typeof outcome === 'number') number++;
      else failures++;
    }
    return failures;
  };
  const none = { refused: 0, lost: 0, late: 0, doubled: 0 };

  it.each([
    ['lost answers double what is appended again', { ...none, lost: 0.3 }],
    ['late entries come behind newer ones', { ...none, late: 0.3 }],
    ['doubled entries', { ...none, doubled: 0.3 }],
    ['refusals', { ...none, refused: 0.3 }],
  ])('holds everything acknowledged, the first of each in order, with %s (L1, L3)', async (kind, faults) => {
    const clock = new HastyClock();
    const storage = new MemoryLogStorage({ clock, random: new SeededRandom(1) });
    storage.faults = faults;
    const failures = await appendAll(storage, clock);
    const found = await bodies(storage, clock);
    expect(new Set(found).size).toBe(100);
    const inOrder = found.every((body, index) => index === 0 || Number(body) >= Number(found[index - 1]));
    expect({ failures: failures > 10, extra: found.length > 110, inOrder }).toEqual({
      failures: !kind.startsWith('doubled'),
      extra: !kind.startsWith('refusals'),
      inOrder: !kind.startsWith('late'),
    });
  });
});
