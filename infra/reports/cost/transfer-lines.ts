import { transferOut, UNIT_PRICES } from '../../facts/prices.ts';
import type { Plan, RegionPlan } from '../../plan/plan.ts';
import type { CostLine } from './cost-line.ts';
import { monthOfTraffic } from './month-of-traffic.ts';

/** Share of messages whose recipient is homed in another region. */
export const CROSS_REGION_SHARE = 0.1;
/** Copies of what the store keeps that go to other zones; those between Kafka’s brokers are free of charge. */
const STORE_COPIES_ELSEWHERE = 2;
/** A message goes from the sender’s edge to the owner and from there to the reader’s edge. */
const LINKS_PER_MESSAGE = 2;

/** Each message goes out to its recipient once; between an edge, its owner, the bus and the store it crosses zones as chance has it. */
export function transferLines(plan: Plan, region: RegionPlan): CostLine[] {
  const { delivered, heartbeats, envelopes } = monthOfTraffic(plan, region);
  const line = (item: string, quantity: number, dollars: number): CostLine => ({
    region: region.code,
    layer: 'transfer',
    item,
    quantity: Math.round(quantity),
    unit: 'GB',
    dollars,
  });
  const zones = region.zoneIds.length;
  const elsewhere = zones === 0 ? 0 : (zones - 1) / zones;
  const crossRegion = plan.regions.length > 1 ? envelopes * CROSS_REGION_SHARE : 0;
  const joined = plan.regionJoin === 'cloud-wan' ? crossRegion : 0;
  const linked = envelopes * LINKS_PER_MESSAGE * elsewhere;
  const produced = region.bus === null ? 0 : envelopes * elsewhere;
  // The driver asks a node that has the row, in whichever zone.
  const written = region.store === null ? 0 : envelopes * elsewhere;
  const stored = region.store === null ? 0 : (envelopes * STORE_COPIES_ELSEWHERE) / plan.config.traffic.compressionRatio;
  return [
    line('messages to clients', delivered, outward(plan, region, delivered)),
    line('heartbeats to clients', heartbeats, outward(plan, region, heartbeats)),
    line('to other regions', crossRegion, crossRegion * UNIT_PRICES.crossRegionGigabyte),
    line('through the core network', joined, joined * UNIT_PRICES.coreNetworkGigabyte),
    line('between edges and cores of other zones', linked, linked * UNIT_PRICES.crossZoneGigabyte),
    line('to brokers of other zones', produced, produced * UNIT_PRICES.crossZoneGigabyte),
    line('to store nodes of other zones', written, written * UNIT_PRICES.crossZoneGigabyte),
    line('copies between store nodes of other zones', stored, stored * UNIT_PRICES.crossZoneGigabyte),
  ].filter(({ quantity }) => quantity > 0);
}

/** Dollars for a part of what goes out: regions of one account in one AWS region share the steps of its price. */
function outward(plan: Plan, region: RegionPlan, gigabytes: number): number {
  const together = plan.regions
    .filter(({ account, awsRegion }) => account === region.account && awsRegion === region.awsRegion)
    .reduce((sum, each) => {
      const { delivered, heartbeats } = monthOfTraffic(plan, each);
      return sum + delivered + heartbeats;
    }, 0);
  return together === 0 ? 0 : transferOut(region.awsRegion, together) * (gigabytes / together);
}
