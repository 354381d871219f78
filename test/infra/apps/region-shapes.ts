import { WITHOUT_CLOUD_WAN } from '../../../infra/facts/aws-limits.ts';
import type { Plan, RegionPlan } from '../../../infra/plan/plan.ts';

/** Codes of regions, one of each kind: others of the kind differ from it in names and numbers only. */
export function distinctRegions(plan: Plan, kindOf: (region: RegionPlan) => readonly unknown[]): string[] {
  return [...new Map(plan.regions.map((region) => [JSON.stringify(kindOf(region)), region.code])).values()];
}

/** What decides which resources a region has. */
export function resourcesKind(region: RegionPlan): readonly unknown[] {
  const stacks = [region.bus !== null, region.store !== null, region.directory !== null];
  const isOutsideCloudWan = WITHOUT_CLOUD_WAN.includes(region.awsRegion);
  return [
    ...stacks,
    isOutsideCloudWan,
    region.zoneIds.length,
    region.coresPerGroup,
    region.amiId !== null,
    region.storeAmiId !== null,
    region.accountZone !== null,
  ];
}

/** And which of CloudFormation’s rules look at them: types of instances and resources depend on the AWS region. */
export function rulesKind(region: RegionPlan): readonly unknown[] {
  return [...resourcesKind(region), region.awsRegion, region.instanceTypes];
}
