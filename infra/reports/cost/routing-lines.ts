import { HOURS_PER_MONTH, UNIT_PRICES } from '../../facts/prices.ts';
import type { Plan } from '../../plan/plan.ts';
import type { CostLine } from './cost-line.ts';
import { monthOfTraffic } from './month-of-traffic.ts';

/** Origins that Cloudflare’s first price holds. */
const ORIGINS_INCLUDED = 2;

/** What routing costs beside its zone: nothing with Route 53 but queries, which are not counted: aliases to load balancers have none. */
export function routingLines(plan: Plan): CostLine[] {
  const line = (layer: 'global' | 'transfer', item: string, quantity: number, unit: string, dollars: number): CostLine => ({
    region: 'global',
    layer,
    item,
    quantity: Math.round(quantity),
    unit,
    dollars,
  });
  const origins = Math.max(0, plan.regions.length - ORIGINS_INCLUDED);
  const gigabytes = plan.regions.reduce((sum, region) => sum + monthOfTraffic(plan, region).delivered, 0);
  return [
    ...(plan.geoRouting.includes('cloudflare')
      ? [
          line(
            'global',
            'Cloudflare balancer with geo-steering',
            1,
            'balancer',
            UNIT_PRICES.cloudflareBalancerMonth + UNIT_PRICES.cloudflareSteeringMonth,
          ),
          line('global', 'its further origins', origins, 'origin', origins * UNIT_PRICES.cloudflareOriginMonth),
        ]
      : []),
    ...(plan.geoRouting.includes('anycast')
      ? [
          line('global', 'accelerator', 1, 'accelerator', UNIT_PRICES.acceleratorHour * HOURS_PER_MONTH),
          line('transfer', 'through the accelerator, at its least price', gigabytes, 'GB', gigabytes * UNIT_PRICES.anycastGigabyte),
        ]
      : []),
  ];
}
