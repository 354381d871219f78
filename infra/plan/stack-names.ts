import { joinStackName } from './names.ts';
import type { Plan, RegionPlan } from './plan.ts';

/** Shard groups of one core stack: one resource each, two with a volume, and room for what they share below the 500 of a template. */
const GROUPS_PER_STACK = 300;
const GROUPS_WITH_VOLUME_PER_STACK = 200;

export function groupsPerStack({ foundation }: Pick<Plan, 'foundation'>): number {
  return foundation === 'embedded' ? GROUPS_WITH_VOLUME_PER_STACK : GROUPS_PER_STACK;
}

/** Names of every stack that an environment has in one region’s place for this region; those of no region are one to three in all. */
export function regionStackNames(plan: Plan, region: RegionPlan): string[] {
  const cores = Math.ceil(region.groups.length / groupsPerStack(plan));
  const parts = [
    'network',
    'config',
    ...(region.bus === null ? [] : ['bus']),
    ...(region.store === null ? [] : ['store']),
    ...(region.directory === null ? [] : ['directory']),
    ...(plan.config.media === undefined ? [] : ['media']),
    ...Array.from({ length: cores }, (_, part) => `core-${part}`),
    'edge',
    'monitor',
  ];
  const join = plan.joins.some(({ code }) => code === region.code) ? [joinStackName(plan.environment, region.code)] : [];
  return [...parts.map((part) => `${region.names.prefix}-${part}`), ...join];
}
