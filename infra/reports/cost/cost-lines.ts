import { IrisError } from '../../../runtime/contract/errors.ts';
import {
  DAYS_PER_MONTH,
  type Engine,
  HOURS_PER_MONTH,
  machineHour,
  regionFactor,
  SPOT_DISCOUNT,
  transferOut,
  UNIT_PRICES,
} from '../../facts/prices.ts';
import { storageFigures } from '../../plan/capacity.ts';
import type { BusPlan, Plan, RegionPlan, StorePlan } from '../../plan/plan.ts';
import { GROUP_VOLUME_GIBIBYTES } from '../../plan/volumes.ts';

export const LAYERS = ['edge', 'core', 'bus', 'store', 'directory', 'network', 'transfer', 'monitoring', 'global'] as const;
export type Layer = (typeof LAYERS)[number];

/** One line of the bill: `quantity` of `unit`, at `dollars` a month together. */
export interface CostLine {
  /** A region’s code, or `global`. */
  readonly region: string;
  readonly layer: Layer;
  readonly item: string;
  readonly quantity: number;
  readonly unit: string;
  readonly dollars: number;
  /** Where spot instances are among them: what they would cost on demand. */
  readonly dollarsOnDemand?: number;
}

/** Connections that one load balancer capacity unit holds open. */
const CONNECTIONS_PER_UNIT = 100_000;
/** Bytes that a delivery puts on the wire beside its message: frame, envelope with two names, the sender’s receipt, and TCP/IP headers. */
export const OVERHEAD_BYTES = 190;
/** Share of messages whose recipient is homed in another region, and copies of each that cross a zone (two of three). */
export const CROSS_REGION_SHARE = 0.1;
const CROSS_ZONE_COPIES = 2;

export function linesOfRegion(plan: Plan, region: RegionPlan): CostLine[] {
  return [...machineLines(plan, region), ...networkLines(plan, region), ...transferLines(plan, region)];
}

export function linesOfGlobal({ hostedZoneId, regions }: Plan): CostLine[] {
  const zones = hostedZoneId === null ? 1 : 0;
  const keys = regions.filter(({ store, bus }) => store !== null || bus !== null).length;
  return [
    { region: 'global', layer: 'global', item: 'hosted zone', quantity: zones, unit: 'zone', dollars: zones * UNIT_PRICES.hostedZoneMonth },
    { region: 'global', layer: 'global', item: 'encryption keys', quantity: keys, unit: 'key', dollars: keys * UNIT_PRICES.keyMonth },
  ];
}

function machineLines(plan: Plan, region: RegionPlan): CostLine[] {
  const { bus, store, directory, instanceTypes } = region;
  const lines = [edgeLine(region), machines(region, 'core', 'ec2', region.cores, instanceTypes.core)];
  if (plan.foundation === 'embedded')
    lines.push(volumes(region, 'core', region.shardGroups * GROUP_VOLUME_GIBIBYTES, UNIT_PRICES.volumeGibibyteMonth));
  if (bus !== null) lines.push(...busLines(plan, region, bus));
  if (store !== null) lines.push(machines(region, 'store', 'ec2', store.nodes, store.instanceType), backupLine(plan, region, store));
  if (plan.config.media !== undefined) lines.push(archiveLine(plan, region));
  if (directory !== null) lines.push(machines(region, 'directory', 'valkey', directory.nodes, directory.instanceType));
  return lines;
}

/** Express storage is billed for what it keeps, which is the plan’s without its headroom; the difference is left in. */
function busLines({ config }: Plan, region: RegionPlan, bus: BusPlan): CostLine[] {
  const lines = [
    machines(region, 'bus', bus.kind === 'express' ? 'express' : 'msk', bus.brokers, bus.instanceType),
    volumes(region, 'bus', bus.brokers * bus.volumeGibibytes, UNIT_PRICES.brokerVolumeGibibyteMonth),
  ];
  if (bus.kind === 'standard') return lines;
  const gigabytes = (storageFigures(region.dailyActiveUsers, config.traffic).bytesPerDay * DAYS_PER_MONTH) / 1e9;
  const dollars = gigabytes * UNIT_PRICES.expressIngressGigabyte * regionFactor(region.awsRegion);
  return [
    ...lines,
    { region: region.code, layer: 'bus', item: 'taken in by Express brokers', quantity: Math.round(gigabytes), unit: 'GB', dollars },
  ];
}

/** Days of backups, each of one copy of all hot messages. */
function backupLine({ config }: Plan, { code, awsRegion, dailyActiveUsers }: RegionPlan, { replicas, backupDays }: StorePlan): CostLine {
  const gigabytes = (storageFigures(dailyActiveUsers, config.traffic).hotBytes / replicas / 1e9) * backupDays;
  const dollars = gigabytes * UNIT_PRICES.objectGigabyteMonth * regionFactor(awsRegion);
  return { region: code, layer: 'store', item: 'backups in S3', quantity: Math.round(gigabytes), unit: 'GB', dollars };
}

/** Every message for a year, compressed: 30 days as S3 keeps it at first, 60 cold, 275 in Glacier (D12). */
function archiveLine({ config }: Plan, { code, awsRegion, dailyActiveUsers }: RegionPlan): CostLine {
  const perDay = storageFigures(dailyActiveUsers, config.traffic).bytesPerDay / config.traffic.compressionRatio / 1e9;
  const { objectGigabyteMonth, coldObjectGigabyteMonth, archivedObjectGigabyteMonth } = UNIT_PRICES;
  const dollars = perDay * (30 * objectGigabyteMonth + 60 * coldObjectGigabyteMonth + 275 * archivedObjectGigabyteMonth);
  return {
    region: code,
    layer: 'store',
    item: 'archive in S3',
    quantity: Math.round(perDay * 365),
    unit: 'GB',
    dollars: dollars * regionFactor(awsRegion),
  };
}

function edgeLine(region: RegionPlan): CostLine {
  const line = machines(region, 'edge', 'ec2', region.edges, region.instanceTypes.edge);
  const spot = Math.round(region.edges * region.edgeSpotShare);
  const saved = (line.dollars / region.edges) * spot * SPOT_DISCOUNT;
  return { ...line, item: `${line.item}, ${spot} of them spot`, dollars: line.dollars - saved, dollarsOnDemand: line.dollars };
}

function machines({ code, awsRegion }: RegionPlan, layer: Layer, engine: Engine, quantity: number, instanceType: string): CostLine {
  const hour = machineHour(engine, instanceType, awsRegion);
  if (hour === undefined)
    throw new IrisError(
      'CONFIG_INVALID',
      `${code}: no list price for ${instanceType} (${engine}) in ${awsRegion}; known ones are in infra/facts/prices.ts`,
    );
  return { region: code, layer, item: instanceType, quantity, unit: 'machine', dollars: quantity * hour * HOURS_PER_MONTH };
}

function volumes({ code, awsRegion }: RegionPlan, layer: Layer, quantity: number, price: number): CostLine {
  return { region: code, layer, item: 'volumes', quantity, unit: 'GiB', dollars: quantity * price * regionFactor(awsRegion) };
}

function networkLines(plan: Plan, region: RegionPlan): CostLine[] {
  const factor = regionFactor(region.awsRegion);
  const perHour = (item: string, quantity: number, unit: string, price: number): CostLine => ({
    region: region.code,
    layer: 'network',
    item,
    quantity,
    unit,
    dollars: quantity * price * HOURS_PER_MONTH * factor,
  });
  const isPrivate = plan.foundation === 'distributed';
  const zones = region.zoneIds.length;
  const addresses = zones + (isPrivate ? zones : region.edges + region.cores);
  return [
    perHour('load balancer', 1, 'balancer', UNIT_PRICES.loadBalancerHour),
    perHour('its capacity units', Math.ceil(region.connections / CONNECTIONS_PER_UNIT), 'unit', UNIT_PRICES.loadBalancerUnitHour),
    ...(isPrivate ? [perHour('NAT gateways', zones, 'gateway', UNIT_PRICES.natGatewayHour)] : []),
    perHour('public addresses', addresses, 'address', UNIT_PRICES.publicAddressHour),
  ];
}

/** Each message goes out to its recipient once; some cross a region, and with Kafka and ScyllaDB their copies cross zones. */
function transferLines(plan: Plan, region: RegionPlan): CostLine[] {
  const { messagesPerUserPerDay, messageBytes } = plan.config.traffic;
  const messages = region.dailyActiveUsers * messagesPerUserPerDay * DAYS_PER_MONTH;
  const gigabytes = (messages * (messageBytes + OVERHEAD_BYTES)) / 1e9;
  const line = (item: string, quantity: number, dollars: number): CostLine => ({
    region: region.code,
    layer: 'transfer',
    item,
    quantity: Math.round(quantity),
    unit: 'GB',
    dollars,
  });
  const crossRegion = plan.regions.length > 1 ? gigabytes * CROSS_REGION_SHARE : 0;
  const copies = (region.bus === null ? 0 : CROSS_ZONE_COPIES) + (region.store === null ? 0 : CROSS_ZONE_COPIES);
  const crossZone = (copies * messages * messageBytes) / 1e9 / plan.config.traffic.compressionRatio;
  return [
    line('to clients', gigabytes, transferOut(region.awsRegion, gigabytes)),
    line('to other regions', crossRegion, crossRegion * UNIT_PRICES.crossRegionGigabyte),
    line('copies to other zones', crossZone, crossZone * UNIT_PRICES.crossZoneGigabyte),
  ].filter(({ quantity }) => quantity > 0);
}
