import type { Plan, RegionPlan } from '../plan/plan.ts';

/** How many regions each wave takes after the canary; what is left comes last, together. */
const WAVE_SIZES = [1, 1, 3, 8];
/** Minutes that a wave is watched before the next begins: the canary for an hour, the others for half of one. */
const CANARY_BAKE_MINUTES = 60;
const BAKE_MINUTES = 30;

/** One step of a rollout: stacks that are deployed together, in the order of their dependencies. */
export interface RolloutWave {
  readonly number: number;
  /** `leaving` deletes its stacks, in their order; the others deploy theirs. */
  readonly kind: 'global' | 'canary' | 'regions' | 'routing' | 'leaving';
  readonly regions: readonly string[];
  readonly stacks: readonly string[];
  readonly bakeMinutes: number;
  /** Users of a day whose region changes in this wave. */
  readonly usersAtRisk: number;
  /** The same as a share of all, 0 to 1. */
  readonly shareAtRisk: number;
}

/** What ends a rollout: a figure of the nodes’ metrics, and the bound that it must not pass while a wave bakes. */
export interface StopRule {
  readonly metric: string;
  readonly stopWhen: string;
}

/** Deployment order as data: reviewed, and carried out wave by wave. Written as `rollout.json` beside the templates. */
export interface Rollout {
  readonly format: 'iris-rollout/1';
  readonly environment: string;
  readonly waves: readonly RolloutWave[];
  readonly stopRules: readonly StopRule[];
}

const STOP_RULES: readonly StopRule[] = [
  { metric: 'readyz', stopWhen: 'a node of the wave is not ready for 60 s' },
  { metric: 'iris_messages_refused_total', stopWhen: 'grows by over 1 % of iris_messages_in_total' },
  { metric: 'iris_slot_map_refused_total', stopWhen: 'grows' },
  { metric: 'iris_connections', stopWhen: 'falls by over 20 % within 5 minutes' },
];

/**
 * The waves of an environment: what is global first, then the region with the fewest users, then 1, 3, 8 and the rest, then routing, so
 * that no client is sent to a region that is not there. A region that leaves has lost its records by then, and waited until nobody remembers
 * them: its stacks go last, the load balancer among them (A27), whoever stands on another first.
 * @param stacksOf names of a region’s stacks
 */
export function rolloutOf(
  plan: Plan,
  stacks: { global: readonly string[]; routing: readonly string[]; stacksOf(region: string): readonly string[] },
): Rollout {
  const groups = waveGroups(plan.regions);
  const everyone = plan.totals.dailyActiveUsers;
  const regional = groups.map((regions, i) => ({
    kind: i === 0 ? ('canary' as const) : ('regions' as const),
    regions: regions.map(({ code }) => code),
    stacks: regions.flatMap(({ code }) => stacks.stacksOf(code)),
    bakeMinutes: i === 0 ? CANARY_BAKE_MINUTES : BAKE_MINUTES,
    usersAtRisk: Math.round(everyone * shareOf(plan, regions)),
  }));
  const waves = [
    { kind: 'global' as const, regions: [], stacks: stacks.global, bakeMinutes: 0, usersAtRisk: 0 },
    ...regional,
    ...(stacks.routing.length > 0
      ? [{ kind: 'routing' as const, regions: [], stacks: stacks.routing, bakeMinutes: BAKE_MINUTES, usersAtRisk: everyone }]
      : []),
    ...plan.leaving.map(({ code }) => ({
      kind: 'leaving' as const,
      regions: [code],
      stacks: stacks.stacksOf(code).toReversed(),
      bakeMinutes: 0,
      usersAtRisk: 0,
    })),
  ].map((wave, number) => ({ number, ...wave, shareAtRisk: Math.min(1, wave.usersAtRisk / everyone) }));
  return { format: 'iris-rollout/1', environment: plan.environment, waves, stopRules: STOP_RULES };
}

/** Part of all users: stated edges and shards may have room for more users than there are. */
function shareOf(plan: Plan, regions: readonly RegionPlan[]): number {
  const sum = (list: readonly RegionPlan[]) => list.reduce((total, { dailyActiveUsers }) => total + dailyActiveUsers, 0);
  return sum(regions) / Math.max(1, sum(plan.regions));
}

/** Fewest users first; regions alike in that stay in their order, so that the waves are the same every time. */
function waveGroups(regions: readonly RegionPlan[]): RegionPlan[][] {
  const waiting = regions.toSorted((a, b) => a.dailyActiveUsers - b.dailyActiveUsers);
  const groups = WAVE_SIZES.map((size) => waiting.splice(0, size));
  return [...groups, waiting].filter((group) => group.length > 0);
}
