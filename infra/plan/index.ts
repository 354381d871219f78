export type { CapacityFigures, CapacityPlan } from './capacity.ts';
export { checkEnvironment, resolveEnvironment } from './check-environment.ts';
export { createPlan } from './create-plan.ts';
export type { EnvironmentProblem } from './environment-problem.ts';
export { type NodeConfigs, nodeConfigsOf } from './node-configs.ts';
export type { GroupPlan, Plan, PlanTotals, RegionPlan } from './plan.ts';
export { slotMapOf } from './slot-map.ts';
