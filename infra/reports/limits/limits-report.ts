import type { Plan } from '../../plan/plan.ts';
import type { Templates } from '../diff/template.ts';
import { type QuotaNeed, quotaNeeds } from './quota-needs.ts';
import { FULL_SHARE, type Headroom, templateHeadroom } from './template-headroom.ts';

/** How much room is left in everything that AWS bounds. */
export interface LimitsReport {
  readonly format: 'iris-limits/1';
  readonly environment: string;
  readonly templates: readonly Headroom[];
  readonly routing: readonly Headroom[];
  readonly quotas: readonly QuotaNeed[];
}

export function limitsReport(plan: Plan, templates: Templates): LimitsReport {
  return {
    format: 'iris-limits/1',
    environment: plan.environment,
    templates: templateHeadroom(templates),
    routing: routingHeadroom(plan),
    quotas: quotaNeeds(plan),
  };
}

/** What nearly or fully takes a limit that nobody can raise, one line each. */
export function fullLimits({ templates, routing }: LimitsReport): string[] {
  return [...templates, ...routing]
    .filter(({ value, max, fullShare }) => value > max * fullShare)
    .map(({ limit, value, max, where }) => `${where}: ${value} ${limit}, ${Math.round((value / max) * 100)} % of ${max}`);
}

export function missingQuotas({ quotas }: LimitsReport): QuotaNeed[] {
  return quotas.filter(({ need, have }) => need > have);
}

/** Records of one name and type (Route 53), or pools of one balancer (Cloudflare). */
function routingHeadroom({ geoRouting, regions, names }: Plan): Headroom[] {
  const places = regions.reduce((sum, { serves }) => sum + serves.continents.length + serves.countries.length, 1);
  if (geoRouting === 'route53')
    return [{ limit: 'geolocation records of one name', max: 100, value: places, where: names.endpointHost, fullShare: FULL_SHARE }];
  return [{ limit: 'steering regions of Cloudflare', max: 13, value: Math.min(13, places), where: names.endpointHost, fullShare: 1 }];
}
