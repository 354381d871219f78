import { planet } from '../../../environments/planet.ts';
import { proof } from '../../../environments/proof.ts';
import { createPlan } from '../../../infra/plan/create-plan.ts';
import { rolloutOf } from '../../../infra/reports/rollout.ts';

function wavesOf(environment: typeof proof) {
  const plan = createPlan(environment);
  return rolloutOf(plan, { global: ['global'], routing: ['routing'], stacksOf: (code) => [`${code}-network`, `${code}-edge`] });
}

describe('a rollout', () => {
  it('takes the global stack, the region with the fewest users, then 1, 3, 8 and the rest, and routing last', () => {
    const { waves } = wavesOf(planet);
    expect(waves.map(({ kind, regions }) => `${kind} ${regions.length}`)).toEqual([
      'global 0',
      'canary 1',
      'regions 1',
      'regions 3',
      'regions 8',
      'regions 37',
      'routing 0',
    ]);
    expect(waves.map(({ number }) => number)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    const plan = createPlan(planet);
    const fewest = Math.min(...plan.regions.map(({ dailyActiveUsers }) => dailyActiveUsers));
    expect(waves[1]).toMatchObject({ usersAtRisk: fewest, shareAtRisk: fewest / plan.totals.dailyActiveUsers, bakeMinutes: 60 });
  });

  it('puts no more users at risk than there are where stated edges and shards have room for more', () => {
    const { waves } = wavesOf({ ...proof, dailyActiveUsers: 1_000 });
    expect(waves.map(({ usersAtRisk }) => usersAtRisk)).toEqual([0, 250, 250, 500, 1_000]);
    expect(waves.map(({ shareAtRisk }) => shareAtRisk)).toEqual([0, 0.25, 0.25, 0.5, 1]);
  });

  it('has every stack of every region once', () => {
    const { waves } = wavesOf(planet);
    const stacks = waves.flatMap((wave) => wave.stacks);
    expect(new Set(stacks).size).toBe(stacks.length);
    expect(stacks).toHaveLength(2 + 2 * 50);
  });

  it('of three regions has no empty wave, and is the same every time', () => {
    expect(wavesOf(proof).waves.every(({ stacks }) => stacks.length > 0)).toBe(true);
    expect(wavesOf(proof)).toEqual(wavesOf(proof));
  });
});
