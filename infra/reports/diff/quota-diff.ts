import { SERVICE_QUOTAS } from '../../facts/service-quotas.ts';
import type { Plan } from '../../plan/plan.ts';
import { type QuotaNeed, quotaNeeds } from '../limits/quota-needs.ts';

/** A quota of which an environment takes more than before, and more than a new account has. */
export interface QuotaGrowth {
  readonly account: string;
  readonly awsRegion: string;
  readonly name: string;
  /** Null where AWS support raises it. */
  readonly code: string | null;
  /** Taken at the most that autoscaling may reach; 0 where nothing was there. */
  readonly before: number;
  readonly after: number;
  /** What the environment’s `quotas` says after; null where it says nothing. */
  readonly declared: number | null;
}

/** Sorted as the quotas of the environment after. What runs on one machine takes none. */
export function quotaGrowth(before: Plan, after: Plan): QuotaGrowth[] {
  const taken = new Map(needsOf(before).map((need) => [keyOf(need), need.need]));
  return needsOf(after).flatMap((need) => {
    const was = taken.get(keyOf(need)) ?? 0;
    if (need.need <= was || need.need <= SERVICE_QUOTAS[need.quota].have) return [];
    const { account, awsRegion, name, code } = need;
    const declared = need.source === 'declared' ? need.have : null;
    return [{ account, awsRegion, name, code, before: was, after: need.need, declared }];
  });
}

function needsOf(plan: Plan): QuotaNeed[] {
  return plan.runsIn === 'local' ? [] : quotaNeeds(plan);
}

function keyOf({ account, awsRegion, quota }: QuotaNeed): string {
  return `${account} ${awsRegion} ${quota}`;
}
