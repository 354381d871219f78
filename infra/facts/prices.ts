import { findInstanceType } from './instance-types.ts';

/**
 * List prices in US dollars, on demand, without tax, discount or free tier. Taken in November 2026: c7g from several public tables of
 * us-east-1; the rest, and what other AWS regions cost beside us-east-1, from memory of the services’ price pages and so good to about 10 %.
 * `iris cost` names this source beside its sums. A month has 730 hours.
 */
export const PRICES_TAKEN = {
  date: '2026-11',
  source:
    'public price tables of us-east-1 (c7g); price pages of EC2, MSK, ElastiCache, EBS, ELB, VPC, Route 53 and data transfer, to about 10 %',
} as const;

export const HOURS_PER_MONTH = 730;
export const DAYS_PER_MONTH = HOURS_PER_MONTH / 24;
/** What a spot instance costs less than on demand (K11). The market decides; half is common too. */
export const SPOT_DISCOUNT = 0.7;

/** An hour of one virtual CPU of the family in us-east-1; prices are linear in size. */
const EC2_CPU_HOUR: Readonly<Record<string, number>> = {
  c6g: 0.034,
  c7g: 0.0363,
  c7gn: 0.0624,
  c8g: 0.0399,
  t4g: 0.0336,
  m7g: 0.0408,
  r7g: 0.0536,
  r6g: 0.0504,
  m5: 0.048,
  i4i: 0.0858,
  i8g: 0.0858,
  i7ie: 0.13,
};
const MSK_CPU_HOUR: Readonly<Record<string, number>> = { m7g: 0.102, m5: 0.105 };
const EXPRESS_CPU_HOUR: Readonly<Record<string, number>> = { m7g: 0.204 };
const VALKEY_CPU_HOUR: Readonly<Record<string, number>> = { m7g: 0.0632, r7g: 0.0876, r6g: 0.0824 };

/** Sizes that are not in line with their family. */
const ODD_HOUR: Readonly<Record<Engine, Readonly<Record<string, number>>>> = {
  ec2: { 't4g.small': 0.0168, 't4g.medium': 0.0336 },
  msk: {},
  express: {},
  valkey: {},
};

/** Machine hours of an AWS region over those of us-east-1. */
const REGION_FACTOR: Readonly<Record<string, number>> = {
  'af-south-1': 1.3,
  'ap-east-1': 1.35,
  'ap-east-2': 1.25,
  'ap-northeast-1': 1.25,
  'ap-northeast-2': 1.2,
  'ap-northeast-3': 1.25,
  'ap-south-1': 0.7,
  'ap-south-2': 0.7,
  'ap-southeast-1': 1.16,
  'ap-southeast-2': 1.2,
  'ap-southeast-3': 1.2,
  'ap-southeast-4': 1.2,
  'ap-southeast-5': 1.05,
  'ap-southeast-6': 1.25,
  'ap-southeast-7': 1.1,
  'ca-central-1': 1.1,
  'ca-west-1': 1.1,
  'eu-central-1': 1.14,
  'eu-central-2': 1.25,
  'eu-north-1': 1.05,
  'eu-south-1': 1.18,
  'eu-south-2': 1.12,
  'eu-west-1': 1.08,
  'eu-west-2': 1.15,
  'eu-west-3': 1.15,
  'il-central-1': 1.2,
  'me-central-1': 1.25,
  'me-south-1': 1.25,
  'me-west-1': 1.3,
  'mx-central-1': 1.15,
  'sa-east-1': 1.55,
  'us-east-1': 1,
  'us-east-2': 1,
  'us-west-1': 1.2,
  'us-west-2': 1,
};

/** A gigabyte to the Internet: the first 10 TB of a month, the next 40, the next 100, and the rest; by AWS regions that cost alike. */
const TRANSFER_OUT: readonly { readonly regions: RegExp; readonly perGigabyte: readonly number[] }[] = [
  { regions: /^ap-northeast-[13]$/, perGigabyte: [0.114, 0.089, 0.086, 0.084] },
  { regions: /^ap-northeast-2$/, perGigabyte: [0.126, 0.122, 0.117, 0.108] },
  { regions: /^ap-south-/, perGigabyte: [0.1093, 0.085, 0.082, 0.08] },
  { regions: /^ap-southeast-[246]$/, perGigabyte: [0.114, 0.098, 0.094, 0.092] },
  { regions: /^(ap|me|il)-/, perGigabyte: [0.12, 0.085, 0.082, 0.08] },
  { regions: /^sa-east-1$/, perGigabyte: [0.15, 0.138, 0.126, 0.114] },
  { regions: /^af-south-1$/, perGigabyte: [0.154, 0.154, 0.154, 0.154] },
  { regions: /./, perGigabyte: [0.09, 0.085, 0.07, 0.05] },
];
const TRANSFER_TIERS_GIGABYTES = [10_000, 40_000, 100_000, Number.POSITIVE_INFINITY];

/** Small things, per unit and month or per gigabyte, us-east-1. */
export const UNIT_PRICES = {
  volumeGibibyteMonth: 0.08,
  brokerVolumeGibibyteMonth: 0.1,
  /** What producers send to Express brokers. */
  expressIngressGigabyte: 0.01,
  loadBalancerHour: 0.0225,
  loadBalancerUnitHour: 0.006,
  natGatewayHour: 0.045,
  publicAddressHour: 0.005,
  crossZoneGigabyte: 0.02,
  crossRegionGigabyte: 0.02,
  /** S3: standard, infrequent access, Glacier. */
  objectGigabyteMonth: 0.023,
  coldObjectGigabyteMonth: 0.0125,
  archivedObjectGigabyteMonth: 0.0036,
  /** Cloud Map: each entry of a list. */
  listedInstanceMonth: 0.1,
  /** Cloud WAN: its edge in an AWS region, a network attached to it, and what goes through. */
  coreNetworkEdgeHour: 0.5,
  coreNetworkAttachmentHour: 0.065,
  coreNetworkGigabyte: 0.02,
  hostedZoneMonth: 0.5,
  keyMonth: 1,
  /** Secrets Manager; reading it ($0.05 for 10,000) happens at each start of a node. */
  secretMonth: 0.4,
  /** CloudWatch’s first tier; above 10,000 metrics of an account and AWS region it is a third. */
  acceleratorHour: 0.025,
  /** Beside transfer: the least of Global Accelerator’s table (North America, Europe); elsewhere up to seven times as much. */
  anycastGigabyte: 0.015,
  /** Cloudflare’s balancer with two origins, each further origin, and geo-steering; its queries are not counted. */
  cloudflareBalancerMonth: 5,
  cloudflareOriginMonth: 5,
  cloudflareSteeringMonth: 10,
  metricMonth: 0.3,
  metricRequest: 0.00001,
  alarmMonth: 0.1,
  compositeAlarmMonth: 0.5,
  dashboardMonth: 3,
} as const;

/** What the price pages give every account each month for nothing, for good, all its AWS regions together. */
export const FREE_OF_CHARGE = { gigabytesOut: 100, metrics: 10, alarms: 10, dashboards: 3, metricRequests: 1_000_000 } as const;

export type Engine = 'ec2' | 'msk' | 'express' | 'valkey';
const CPU_HOUR = { ec2: EC2_CPU_HOUR, msk: MSK_CPU_HOUR, express: EXPRESS_CPU_HOUR, valkey: VALKEY_CPU_HOUR } as const;

/** Dollars an hour of one machine; undefined where the type or the AWS region has no price here. */
export function machineHour(engine: Engine, instanceType: string, awsRegion: string): number | undefined {
  const type = findInstanceType(instanceType);
  const cpuHour = type === undefined ? undefined : CPU_HOUR[engine][type.family];
  const factor = REGION_FACTOR[awsRegion];
  const hour = ODD_HOUR[engine][instanceType] ?? (type === undefined || cpuHour === undefined ? undefined : cpuHour * type.cpus);
  return hour === undefined || factor === undefined ? undefined : hour * factor;
}

/** What a region’s other prices are over those of us-east-1. */
export function regionFactor(awsRegion: string): number {
  return REGION_FACTOR[awsRegion] ?? 1;
}

/** Dollars for what goes to the Internet in a month from one AWS region. */
export function transferOut(awsRegion: string, gigabytes: number): number {
  const rates = TRANSFER_OUT.find(({ regions }) => regions.test(awsRegion))?.perGigabyte ?? [];
  let [left, dollars] = [gigabytes, 0];
  TRANSFER_TIERS_GIGABYTES.forEach((tier, i) => {
    const taken = Math.min(left, tier);
    dollars += taken * (rates[i] ?? 0);
    left -= taken;
  });
  return dollars;
}
