import { HOURS_PER_MONTH, regionFactor, UNIT_PRICES } from '../../facts/prices.ts';
import type { Plan, RegionPlan } from '../../plan/plan.ts';
import type { CostLine } from './cost-line.ts';
import { monthOfTraffic } from './month-of-traffic.ts';

/** What one load balancer capacity unit takes in an hour, whichever is reached first: open connections, plain or with TLS, and gigabytes both ways. */
const CONNECTIONS_PER_UNIT = 100_000;
const TLS_CONNECTIONS_PER_UNIT = 3_000;
const GIGABYTES_PER_UNIT = 1;

export function networkLines(plan: Plan, region: RegionPlan): CostLine[] {
  const factor = regionFactor(region.awsRegion);
  const perHour = (item: string, quantity: number, unit: string, price: number): CostLine => ({
    region: region.code,
    layer: 'network',
    item,
    quantity: Number(quantity.toFixed(2)),
    unit,
    dollars: quantity * price * HOURS_PER_MONTH,
  });
  const isPrivate = plan.foundation === 'distributed';
  const zones = region.zoneIds.length;
  const addresses = zones + (isPrivate ? zones : region.edges + region.cores);
  return [
    perHour('load balancer', 1, 'balancer', UNIT_PRICES.loadBalancerHour * factor),
    perHour('its capacity units', capacityUnits(plan, region), 'unit', UNIT_PRICES.loadBalancerUnitHour * factor),
    ...(isPrivate ? [perHour('NAT gateways', zones, 'gateway', UNIT_PRICES.natGatewayHour * factor)] : []),
    ...coreNetworkLines(plan, region).map(({ item, quantity, unit, price }) => perHour(item, quantity, unit, price)),
    // The same in every AWS region.
    perHour('public addresses', addresses, 'address', UNIT_PRICES.publicAddressHour),
  ];
}

/** Iris regions of one AWS region share its edge of the core network. */
function coreNetworkLines(plan: Plan, region: RegionPlan) {
  if (plan.regionJoin !== 'cloud-wan' || plan.apart.includes(region.code)) return [];
  const sharing = plan.regions.filter(({ awsRegion }) => awsRegion === region.awsRegion).length;
  return [
    { item: 'edge of the core network', quantity: 1 / sharing, unit: 'edge', price: UNIT_PRICES.coreNetworkEdgeHour },
    { item: 'attachment to it', quantity: 1, unit: 'attachment', price: UNIT_PRICES.coreNetworkAttachmentHour },
  ];
}

/** On average over the month. */
function capacityUnits(plan: Plan, region: RegionPlan): number {
  const { connections, delivered, heartbeats, received } = monthOfTraffic(plan, region);
  const gigabytesPerHour = (delivered + heartbeats + received) / HOURS_PER_MONTH;
  const perUnit = region.clientCertificate === null ? CONNECTIONS_PER_UNIT : TLS_CONNECTIONS_PER_UNIT;
  return Math.max(connections / perUnit, gigabytesPerHour / GIGABYTES_PER_UNIT);
}
