/**
 * Quotas of an AWS account in one AWS region that an environment can run into, with what a new account has. Taken in November 2026 from the
 * services’ quota pages. A code is what `aws service-quotas` takes; where there is none, AWS support raises it.
 */
export const SERVICE_QUOTAS_TAKEN = {
  date: '2026-11',
  source: 'quota pages of EC2, Auto Scaling, ELB, VPC, MSK, ElastiCache and CloudFormation',
} as const;

export const SERVICE_QUOTAS = {
  onDemandCpus: { service: 'ec2', code: 'L-1216C47A', name: 'virtual CPUs of standard on-demand instances', have: 5 },
  spotCpus: { service: 'ec2', code: 'L-34B43A08', name: 'virtual CPUs of standard spot instances', have: 5 },
  addresses: { service: 'ec2', code: 'L-0263D0A3', name: 'elastic IP addresses', have: 5 },
  scalingGroups: { service: 'autoscaling', code: 'L-CDE20ADC', name: 'Auto Scaling groups', have: 500 },
  loadBalancers: { service: 'elasticloadbalancing', code: 'L-69A177A2', name: 'Network Load Balancers', have: 50 },
  targetsPerZone: {
    service: 'elasticloadbalancing',
    code: 'L-B211E961',
    name: 'targets of a Network Load Balancer in one zone, cross-zone off',
    have: 500,
  },
  networks: { service: 'vpc', code: 'L-F678F1CE', name: 'VPCs', have: 5 },
  brokers: { service: 'kafka', code: null, name: 'MSK brokers of the account', have: 90 },
  cacheNodes: { service: 'elasticache', code: null, name: 'ElastiCache nodes', have: 300 },
  stacks: { service: 'cloudformation', code: 'L-0485CB21', name: 'stacks', have: 2_000 },
} as const satisfies Record<string, { service: string; code: string | null; name: string; have: number }>;

export type QuotaName = keyof typeof SERVICE_QUOTAS;
