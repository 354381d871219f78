import type { Plan, RegionPlan } from '../plan/plan.ts';
import { answerOf, loadSdk } from './aws-answers.ts';

/**
 * What EC2 lacks of a plan, one line each: zones that the account does not have, and machine types that a zone does not offer. Regions of
 * other accounts than the one that is asked are left out.
 * @throws IrisError AWS_REFUSED, PACKAGE_FAILED
 */
export async function missingMachines(plan: Plan, account: string): Promise<string[]> {
  const sdk = await loadSdk('@aws-sdk/client-ec2', '3.1169.0', () => import('@aws-sdk/client-ec2'));
  const problems: string[] = [];
  for (const region of plan.regions.filter((one) => one.account === account)) {
    const client = new sdk.EC2Client({ region: region.awsRegion });
    const where = `in ${region.awsRegion}`;
    const zones = await answerOf(
      `ec2:DescribeAvailabilityZones ${where}`,
      client.send(new sdk.DescribeAvailabilityZonesCommand({ AllAvailabilityZones: true })),
    );
    const open = (zones?.AvailabilityZones ?? []).filter(({ OptInStatus }) => OptInStatus !== 'not-opted-in').map(({ ZoneId }) => ZoneId);
    const types = machineTypes(region);
    const offers = await answerOf(
      `ec2:DescribeInstanceTypeOfferings ${where}`,
      client.send(
        new sdk.DescribeInstanceTypeOfferingsCommand({
          LocationType: 'availability-zone-id',
          Filters: [{ Name: 'instance-type', Values: types }],
        }),
      ),
    );
    const offered = new Set((offers?.InstanceTypeOfferings ?? []).map(({ InstanceType, Location }) => `${InstanceType} ${Location}`));
    problems.push(...problemsOf(region, { open, types, offered }));
  }
  return problems;
}

interface Answers {
  readonly open: readonly (string | undefined)[];
  readonly types: readonly string[];
  readonly offered: ReadonlySet<string>;
}

function problemsOf({ code, awsRegion, zoneIds }: RegionPlan, { open, types, offered }: Answers): string[] {
  return zoneIds.flatMap((zone) => {
    if (!open.includes(zone)) return [`${code}: this account has no zone ${zone} in ${awsRegion}; opt in to it, or list others in zoneIds`];
    return types
      .filter((type) => !offered.has(`${type} ${zone}`))
      .map((type) => `${code}: zone ${zone} does not offer ${type}; list another zone in zoneIds, or another type in instanceTypes`);
  });
}

/** What runs on EC2; MSK and ElastiCache have lists of their own, which no interface tells. */
function machineTypes({ instanceTypes, store }: RegionPlan): string[] {
  return [...new Set([instanceTypes.edge, instanceTypes.core, ...(store === null ? [] : [store.instanceType])])];
}
