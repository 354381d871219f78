import { ENDPOINT_GROUPS_MAX, ENDPOINTS_PER_GROUP_MAX } from '../../facts/aws-limits.ts';
import { endpointHostOf } from '../../plan/names.ts';
import type { Plan, RoutingKind } from '../../plan/plan.ts';
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

/** Records of one name and type (Route 53), steering regions (Cloudflare), endpoints (anycast). */
function routingHeadroom(plan: Plan): Headroom[] {
  return plan.geoRouting.flatMap((kind) => {
    const where = endpointHostOf(plan, kind);
    return HEADROOM[kind](plan).map((one) => ({ fullShare: FULL_SHARE, where, ...one }));
  });
}

type Measured = Pick<Headroom, 'limit' | 'max' | 'value'> & Partial<Headroom>;

const HEADROOM: Readonly<Record<RoutingKind, (plan: Plan) => Measured[]>> = {
  route53({ regions }) {
    const places = regions.flatMap(({ serves }) => [...serves.continents, ...serves.countries]);
    const sharers = Math.max(0, ...[...Map.groupBy(places, (place) => place).values()].map((one) => one.length));
    return [
      { limit: 'geolocation records of one name', max: 100, value: new Set(places).size + 1 },
      ...(sharers > 1 ? [{ limit: 'weighted records of one name', max: 100, value: sharers }] : []),
    ];
  },
  cloudflare({ regions }) {
    const places = new Set(regions.flatMap(({ serves }) => [...serves.continents, ...serves.countries])).size + 1;
    return [{ limit: 'steering regions of Cloudflare', max: 13, value: Math.min(13, places), fullShare: 1 }];
  },
  anycast({ regions }) {
    const groups = [...Map.groupBy(regions, ({ awsRegion }) => awsRegion).values()];
    return [
      { limit: 'AWS regions of an accelerator', max: ENDPOINT_GROUPS_MAX, value: groups.length, fullShare: 1 },
      {
        limit: 'load balancers of an endpoint group',
        max: ENDPOINTS_PER_GROUP_MAX,
        value: Math.max(0, ...groups.map((group) => group.length)),
        fullShare: 1,
      },
    ];
  },
};
