import { growth } from '../../../environments/growth.ts';
import { proof } from '../../../environments/proof.ts';
import { createPlan } from '../../../infra/plan/create-plan.ts';
import { diffPlans } from '../../../infra/reports/diff/plan-diff.ts';
import { SLOTS } from '../../../runtime/contract/limits.ts';

describe('the difference of two plans', () => {
  it('is nothing for a plan and itself', () => {
    expect(diffPlans(createPlan(growth), createPlan(growth))).toEqual({ regions: [], slotsMoved: 0, usersMoved: 0 });
  });

  it('counts machines of a region and moves nobody when only edges are added', () => {
    const more = { ...proof, regions: proof.regions.map((region) => ({ ...region, edges: (region.edges ?? 1) + 1 })) };
    const { regions, slotsMoved } = diffPlans(createPlan(proof), createPlan(more));
    expect(slotsMoved).toBe(0);
    expect(regions.map(({ code, action, figures }) => [code, action, figures])).toEqual([
      ['tokyo', 'change', { edges: [2, 3] }],
      ['sao-paulo', 'change', { edges: [1, 2] }],
      ['bangalore', 'change', { edges: [1, 2] }],
    ]);
  });

  it('moves the share of one shard to a new region and nothing between the others', () => {
    const region = { code: 'sydney', awsRegion: 'ap-southeast-2', cidr: '10.99.0.0/16', edges: 1, shards: 1 };
    const [before, after] = [createPlan(proof), createPlan({ ...proof, regions: [...proof.regions, region] })];
    const { regions, slotsMoved, usersMoved } = diffPlans(before, after);
    expect(slotsMoved).toBe(SLOTS / 4);
    const sydney = regions.find(({ code }) => code === 'sydney');
    expect(sydney).toMatchObject({ action: 'add', figures: { edges: [0, 1], shards: [0, 1] }, usersIn: usersMoved, usersOut: 0 });
    expect(regions.filter(({ code }) => code !== 'sydney').map(({ usersIn }) => usersIn)).toEqual([0, 0, 0]);
    expect(diffPlans(after, before).slotsMoved).toBe(slotsMoved);
  });
});
