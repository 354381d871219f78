import type { CapacityPlan } from '../infra/plan/capacity.ts';
import type { Plan, RegionPlan } from '../infra/plan/plan.ts';
import { grouped, textTable } from './text-table.ts';

/** A plan for people: what each region gets, what it is called, and how the figures compare with the seeds’ calculator. */
export function renderPlan(plan: Plan): string {
  const sections = [
    heading(plan),
    textTable(sizeRows(plan)),
    plan.foundation === 'distributed'
      ? `Engines\n${textTable(engineRows(plan.regions))}`
      : 'Engines: none, each core keeps log and inbox on a volume of its own',
    `Machines\n${textTable(machineRows(plan.regions))}`,
    `Names and addresses (first of each)\n${textTable(nameRows(plan.regions))}`,
    `Slot map\n${textTable(slotMapRows(plan))}`,
    `Capacity\n${textTable(capacityRows(plan))}`,
    renderLoads(plan.capacity),
  ];
  return sections.join('\n\n');
}

function heading(plan: Plan): string {
  const routing =
    plan.runsIn === 'local' ? 'this machine only' : `${plan.geoRouting.join(' and ')} routing, global stack in ${plan.globalRegion}`;
  return `${plan.environment}: ${plan.foundation} foundation, ${routing}, clients at ${plan.names.endpoint}`;
}

function sizeRows({ regions, totals }: Plan): string[][] {
  const rows = regions.map((region) => [
    region.code,
    region.awsRegion,
    region.account,
    grouped(region.edges),
    grouped(region.connections),
    grouped(region.shardGroups),
    grouped(region.shards),
    `${region.firstShard}-${region.firstShard + region.shards - 1}`,
    grouped(region.cores),
    servedBy(region),
  ]);
  const sums = [totals.edges, totals.concurrentConnections, totals.shardGroups, totals.shards].map(grouped);
  return [
    ['region', 'AWS region', 'account', 'edges', 'connections', 'groups', 'shards', 'shard range', 'cores', 'serves'],
    ...rows,
    [`${totals.regions} in all`, '', '', ...sums, '', grouped(totals.cores), `${grouped(totals.dailyActiveUsers)} daily users`],
  ];
}

function servedBy({ serves }: RegionPlan): string {
  return [...serves.continents, ...serves.countries, ...(serves.default ? ['everyone else'] : [])].join(' ') || 'nobody by place';
}

function engineRows(regions: readonly RegionPlan[]): string[][] {
  const rows = regions.map(({ code, bus, store, directory }) => [
    code,
    bus === null ? '' : `${bus.brokers} × ${bus.kind} ${bus.instanceType}, ${grouped(bus.volumeGibibytes)} GiB`,
    store === null ? '' : `${store.nodes} × ${store.instanceType}, ${store.replicas} copies`,
    directory === null ? '' : `${directory.nodes} × ${directory.instanceType}`,
  ]);
  return [['region', 'bus (Kafka brokers)', 'store (ScyllaDB nodes)', 'directory (Valkey nodes)'], ...rows];
}

function machineRows(regions: readonly RegionPlan[]): string[][] {
  const rows = regions.map((region) => [
    region.code,
    `${region.edges} to ${region.edgesMax} × ${region.instanceTypes.edge}`,
    `${Math.round(region.edgeSpotShare * 100)} % spot`,
    `${region.cores} × ${region.instanceTypes.core}`,
    region.cidr,
    region.zoneIds.join(' '),
  ]);
  return [['region', 'edges', 'of them', 'cores', 'network', 'zones'], ...rows];
}

function nameRows(regions: readonly RegionPlan[]): string[][] {
  const rows = regions.map(({ names, addresses }) => [
    names.loadBalancer,
    addresses.edge,
    names.firstEdge,
    names.firstCore,
    addresses.firstCore,
  ]);
  return [['load balancer', 'clients at', 'edge', 'core', 'core links at'], ...rows];
}

function slotMapRows({ slotMap, names }: Plan): string[][] {
  const { slotsPerShardMin: least, slotsPerShardMax: most } = slotMap;
  return [
    ['version', 'slots', 'shards', 'slots per shard', 'groups', 'pointer'],
    [
      grouped(slotMap.version),
      grouped(slotMap.slots),
      grouped(slotMap.shards),
      least === most ? grouped(least) : `${grouped(least)} to ${grouped(most)}`,
      grouped(slotMap.groups),
      names.slotMapParameter,
    ],
  ];
}

/** The seeds’ code adds one machine to every figure; the corrected calculator rounds up (C1). Both give each shard two cores. */
function capacityRows({ capacity, totals }: Plan): string[][] {
  const { seeds, corrected } = capacity;
  const row = (name: string, figure: keyof typeof seeds, planned: number) => [
    name,
    grouped(seeds[figure]),
    seeds[figure] === corrected[figure] ? 'same' : grouped(corrected[figure]),
    grouped(planned),
  ];
  return [
    ['', 'seeds’ calculator', 'corrected', 'this plan'],
    row('concurrent users', 'concurrentUsers', totals.concurrentConnections),
    row('edges', 'edges', totals.edges),
    row('shards', 'shards', totals.shards),
    row('cores', 'cores', totals.cores),
    row('regions', 'regions', totals.regions),
  ];
}

function renderLoads({ traffic, storage, throughput }: CapacityPlan): string {
  return [
    `Traffic: ${grouped(traffic.messagesPerDay)} messages a day, ${grouped(traffic.messagesPerSecondAverage)} a second on average, ${grouped(traffic.messagesPerSecondPeak)} at the peak`,
    `Storage: ${terabytes(storage.bytesPerDay)} a day, ${terabytes(storage.bytesPerYear)} a year, ${terabytes(storage.hotBytes)} hot with its copies`,
    `A billion messages to one user in a minute: ${throughput.cores} cores at ${throughput.microsPerMessage} µs a message, ${throughput.correctedCores} at ${throughput.utilization * 100} % busy; ${throughput.seedBuckets} buckets by the seeds, ${grouped(throughput.correctedBuckets)} at ${grouped(throughput.writesPerSecondPerKey)} writes a second and key`,
  ].join('\n');
}

function terabytes(bytes: number): string {
  return `${grouped(Number((bytes / 1e12).toFixed(2)))} TB`;
}
