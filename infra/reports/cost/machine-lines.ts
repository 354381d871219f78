import { IrisError } from '../../../runtime/contract/errors.ts';
import { DAYS_PER_MONTH, type Engine, HOURS_PER_MONTH, machineHour, regionFactor, SPOT_DISCOUNT, UNIT_PRICES } from '../../facts/prices.ts';
import { storageFigures } from '../../plan/capacity.ts';
import { spotEdges } from '../../plan/edge-scaling.ts';
import type { BusPlan, Plan, RegionPlan, StorePlan } from '../../plan/plan.ts';
import { GROUP_VOLUME_GIBIBYTES, ROOT_VOLUME_GIBIBYTES } from '../../plan/volumes.ts';
import type { CostLine, Layer } from './cost-line.ts';

/** What runs all month: machines with their volumes, on demand and spot. */
export function machineLines(plan: Plan, region: RegionPlan): CostLine[] {
  const { bus, store, directory, instanceTypes } = region;
  const lines = [
    edgeLine(region),
    ...growthLine(plan, region),
    rootVolumes(region, 'edge', region.edges),
    machines(region, 'core', 'ec2', region.cores, instanceTypes.core),
    rootVolumes(region, 'core', region.cores),
  ];
  if (plan.foundation === 'embedded')
    lines.push(volumes(region, 'core', region.shardGroups * GROUP_VOLUME_GIBIBYTES, UNIT_PRICES.volumeGibibyteMonth));
  if (plan.foundation === 'distributed') lines.push(listedLine(region));
  if (bus !== null) lines.push(...busLines(plan, region, bus));
  if (store !== null)
    lines.push(machines(region, 'store', 'ec2', store.nodes, store.instanceType), backupLine(plan, region, store), secretLine(region));
  if (plan.config.media !== undefined) lines.push(archiveLine(plan, region));
  if (directory !== null) lines.push(machines(region, 'directory', 'valkey', directory.nodes, directory.instanceType));
  return lines;
}

/** Cores are listed in Cloud Map, where an entry has a price. */
function listedLine({ code, cores }: RegionPlan): CostLine {
  const dollars = cores * UNIT_PRICES.listedInstanceMonth;
  return { region: code, layer: 'core', item: 'entries in Cloud Map', quantity: cores, unit: 'entry', dollars };
}

/** The store’s login, and what its nodes’ certificates are signed with. */
function secretLine({ code }: RegionPlan): CostLine {
  return { region: code, layer: 'store', item: 'secrets', quantity: 2, unit: 'secret', dollars: 2 * UNIT_PRICES.secretMonth };
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
  const spot = spotEdges(region.edges, region.edgeSpotShare);
  const saved = (line.dollars / region.edges) * spot * SPOT_DISCOUNT;
  return { ...line, item: `${line.item}, ${spot} of them spot`, dollars: line.dollars - saved, dollarsOnDemand: line.dollars };
}

/** What scaling adds while connections are at their peak, which they are for one hour in `peakToAverage`; on demand. */
function growthLine(plan: Plan, region: RegionPlan): CostLine[] {
  if (region.edgeScaling === null) return [];
  const atPeak = Math.min(region.edgesMax, Math.ceil(region.connections / region.edgeScaling.connectionsHigh));
  const added = (atPeak - region.edges) / plan.config.traffic.peakToAverage;
  if (added <= 0) return [];
  const line = machines(region, 'edge', 'ec2', added, region.instanceTypes.edge);
  return [{ ...line, item: `${line.item}, added at the peak`, quantity: Number(added.toFixed(2)) }];
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

function rootVolumes(region: RegionPlan, layer: Layer, nodes: number): CostLine {
  return { ...volumes(region, layer, nodes * ROOT_VOLUME_GIBIBYTES, UNIT_PRICES.volumeGibibyteMonth), item: 'root volumes' };
}

function volumes({ code, awsRegion }: RegionPlan, layer: Layer, quantity: number, price: number): CostLine {
  return { region: code, layer, item: 'volumes', quantity, unit: 'GiB', dollars: quantity * price * regionFactor(awsRegion) };
}
