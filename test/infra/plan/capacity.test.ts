import fc from 'fast-check';
import { correctedFigures, seedFigures, storageFigures, throughputFigures, trafficFigures } from '../../../infra/plan/capacity.ts';

const defaults = { peakConcurrentShare: 0.1, connectionsPerEdge: 100_000, usersPerShard: 100_000, edgesPerRegion: 50, safetyFactor: 1 };
const traffic = { messagesPerUserPerDay: 100, messageBytes: 100, peakToAverage: 3, retentionDays: 7, replicas: 3, compressionRatio: 1 };

describe('the capacity calculator', () => {
  it.each([
    [1_000_000, { concurrentUsers: 100_000, edges: 2, shards: 11, cores: 22, regions: 1 }],
    [100_000_000, { concurrentUsers: 10_000_000, edges: 101, shards: 1_001, cores: 2_002, regions: 3 }],
    [5_000_000_000, { concurrentUsers: 500_000_000, edges: 5_001, shards: 50_001, cores: 100_002, regions: 101 }],
  ])('K1: computes for %i users what the code of the seeds computes', (dailyActiveUsers, expected) => {
    expect(seedFigures({ ...defaults, dailyActiveUsers })).toEqual(expected);
  });

  it.each([
    [1_000_000, { concurrentUsers: 100_000, edges: 2, shards: 10, cores: 20, regions: 1 }],
    [100_000_000, { concurrentUsers: 10_000_000, edges: 100, shards: 1_000, cores: 2_000, regions: 2 }],
    [5_000_000_000, { concurrentUsers: 500_000_000, edges: 5_000, shards: 50_000, cores: 100_000, regions: 100 }],
  ])('C1: corrected, gives for %i users the table that the seeds print', (dailyActiveUsers, expected) => {
    expect(correctedFigures({ ...defaults, dailyActiveUsers })).toEqual(expected);
  });

  it('C1: gives the RFC’s 7,500 edges and 75,000 shards at a safety factor of 1.5', () => {
    const figures = correctedFigures({ ...defaults, dailyActiveUsers: 5_000_000_000, safetyFactor: 1.5 });
    expect(figures).toMatchObject({ edges: 7_500, shards: 75_000 });
  });

  it('never needs less for more users', () => {
    const users = fc.integer({ min: 1, max: 5_000_000_000 });
    fc.assert(
      fc.property(users, users, fc.double({ min: 1, max: 3, noNaN: true }), (a, b, safetyFactor) => {
        const [few, many] = [Math.min(a, b), Math.max(a, b)].map((dailyActiveUsers) =>
          correctedFigures({ ...defaults, dailyActiveUsers, safetyFactor }),
        ) as [ReturnType<typeof correctedFigures>, ReturnType<typeof correctedFigures>];
        expect(many.edges).toBeGreaterThanOrEqual(few.edges);
        expect(many.shards).toBeGreaterThanOrEqual(few.shards);
        expect(many.regions).toBeGreaterThanOrEqual(few.regions);
      }),
    );
  });

  it('never differs from the seeds’ code by more than the machine it adds, at a safety factor of 1', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2_000_000, max: 5_000_000_000 }), (dailyActiveUsers) => {
        const [seeds, corrected] = [seedFigures({ ...defaults, dailyActiveUsers }), correctedFigures({ ...defaults, dailyActiveUsers })];
        expect(seeds.edges - corrected.edges).toBeGreaterThanOrEqual(0);
        expect(seeds.edges - corrected.edges).toBeLessThanOrEqual(1);
        expect(seeds.shards - corrected.shards).toBeGreaterThanOrEqual(0);
        expect(seeds.shards - corrected.shards).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('C9: 500 billion messages a day of 100 bytes are 18.25 PB a year, and seven days in three copies 1.05 PB', () => {
    expect(trafficFigures(5_000_000_000, traffic).messagesPerDay).toBe(500e9);
    expect(storageFigures(5_000_000_000, traffic)).toEqual({ bytesPerDay: 50e12, bytesPerYear: 18.25e15, hotBytes: 1.05e15 });
  });

  it('D16: a billion and 100 messages each are 1.16 million a second, 3.5 million at the peak', () => {
    expect(trafficFigures(1_000_000_000, traffic)).toMatchObject({ messagesPerSecondAverage: 1_157_407, messagesPerSecondPeak: 3_472_222 });
  });

  it('K2 and C6: a billion messages in a minute take 236 cores on six machines, 337 cores on eight with headroom', () => {
    expect(throughputFigures()).toMatchObject({
      messagesPerSecond: 16_666_666,
      cores: 236,
      nodes: 6,
      correctedCores: 337,
      correctedNodes: 8,
    });
  });

  it('C10: 16.67 million writes a second need 1,112 keys of 15,000', () => {
    expect(throughputFigures()).toMatchObject({ seedBuckets: 100, correctedBuckets: 1_112 });
  });
});
