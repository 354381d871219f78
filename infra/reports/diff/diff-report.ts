import type { Plan } from '../../plan/plan.ts';
import { costReport } from '../cost/cost-report.ts';
import { diffPlans, movedRegions, type PlanDiff } from './plan-diff.ts';
import { type QuotaGrowth, quotaGrowth } from './quota-diff.ts';
import type { Templates } from './template.ts';
import { type Action, diffTemplates, type ResourceChange } from './template-diff.ts';

/** One side of a comparison: what would be deployed, and the plan where an environment and not a folder was given. */
export interface DiffSide {
  /** As the user named it. */
  readonly name: string;
  /** Part of every stack’s name. */
  readonly environment: string;
  readonly templates: Templates;
  readonly plan: Plan | null;
}

/** Changes of one region, or of the global stacks. */
export interface ScopeSummary {
  /** A region’s code, or `global`. */
  readonly scope: string;
  readonly changes: Readonly<Record<Action, number>>;
  /** Stateful resources replaced, or perhaps replaced. */
  readonly statefulReplacements: number;
}

export interface DiffReport {
  readonly format: 'iris-diff/1';
  readonly before: string;
  readonly after: string;
  /** Null unless both sides are environments. */
  readonly plan: PlanDiff | null;
  /** Dollars a month at list price; null unless both sides are environments that run in the cloud. */
  readonly cost: { readonly before: number; readonly after: number } | null;
  /** Quotas to raise, or to have raised, first; null unless both sides are environments. */
  readonly quotas: readonly QuotaGrowth[] | null;
  readonly scopes: readonly ScopeSummary[];
  readonly changes: readonly (ResourceChange & { readonly scope: string })[];
  /** Stateful resources that would be replaced, or might be, and were not accepted: `<stack>/<logical id>`. */
  readonly refused: readonly string[];
}

/** What a deployment of `after` over `before` does. `accepted` are logical ids whose replacement is wanted, in every stack or as `<stack>/<logical id>` in one. */
export function diffReport(before: DiffSide, after: DiffSide, accepted: readonly string[]): DiffReport {
  const plans = before.plan === null || after.plan === null ? null : ([before.plan, after.plan] as const);
  const moved = plans === null ? [] : movedRegions(...plans);
  const isMoved = (stack: string) => moved.includes(scopeOf(stack, after.environment));
  const changes = diffTemplates(before.templates, after.templates, isMoved).map((change) => ({
    ...change,
    scope: scopeOf(change.stack, after.environment),
  }));
  const refused = changes.filter((change) => isStatefulReplacement(change) && !isAccepted(change, accepted));
  return {
    format: 'iris-diff/1',
    before: before.name,
    after: after.name,
    plan: plans && diffPlans(...plans),
    cost: plans && costs(...plans),
    quotas: plans && quotaGrowth(...plans),
    scopes: [...new Set(changes.map(({ scope }) => scope))].map((scope) =>
      summaryOf(
        scope,
        changes.filter((change) => change.scope === scope),
      ),
    ),
    changes,
    refused: refused.map(({ stack, logicalId }) => `${stack}/${logicalId}`),
  };
}

function costs(before: Plan, after: Plan): DiffReport['cost'] {
  if (before.runsIn === 'local' || after.runsIn === 'local') return null;
  return { before: costReport(before).total, after: costReport(after).total };
}

const NO_CHANGES: Readonly<Record<Action, number>> = { add: 0, remove: 0, update: 0, replace: 0, mayReplace: 0 };
const REGION_STACK = /^(.+)-(?:network|config|bus|store|directory|media|core-\d+|edge|monitor)$/;

/** Stacks are named `iris-<environment>-<region>-<part>`; those of no region are global. */
function scopeOf(stack: string, environment: string): string {
  const prefix = `iris-${environment}-`;
  const rest = stack.startsWith(prefix) ? stack.slice(prefix.length) : '';
  return REGION_STACK.exec(rest)?.[1] ?? 'global';
}

function summaryOf(scope: string, changes: readonly ResourceChange[]): ScopeSummary {
  const counts = { ...NO_CHANGES };
  for (const { action } of changes) counts[action]++;
  return { scope, changes: counts, statefulReplacements: changes.filter(isStatefulReplacement).length };
}

function isStatefulReplacement({ isStateful, action }: ResourceChange): boolean {
  return isStateful && (action === 'replace' || action === 'mayReplace');
}

function isAccepted({ stack, logicalId }: ResourceChange, accepted: readonly string[]): boolean {
  return accepted.includes(logicalId) || accepted.includes(`${stack}/${logicalId}`);
}
