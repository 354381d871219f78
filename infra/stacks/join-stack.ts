import type { Construct } from 'constructs';
import { type PeeredNetwork, peeringOutput, RegionPeering } from '../../constructs/aws/region-peering.ts';
import { accountRoles, joinStackName, LINK_PORT, regionNames, roleArn } from '../plan/names.ts';
import type { Plan, RegionPlan } from '../plan/plan.ts';
import type { JoinedNetwork, RegionJoin } from '../plan/region-joins.ts';
import { NETWORK_OUTPUT, nodesArePrivate } from './network-stack.ts';
import { networkParameters, read, readStrings } from './region-parameters.ts';
import { IrisStack } from './region-stack.ts';
import { outputOf } from './stack-outputs.ts';

export interface JoinStackProps {
  readonly plan: Plan;
  readonly region: RegionPlan;
  readonly join: RegionJoin;
}

/**
 * One region’s side of its peerings. Global in all but its place: each region that comes or goes changes it, and it is deployed after every
 * region, in the order of codes, since it reads the other networks and the connections that regions before it have asked for.
 */
export class JoinStack extends IrisStack {
  constructor(scope: Construct, { plan, region, join }: JoinStackProps) {
    super(scope, {
      stackName: joinStackName(plan.environment, join.code),
      awsRegion: join.awsRegion,
      account: region.account,
      description: `Iris ${plan.environment}: network of ${join.code} joined with the others`,
      isProtected: false,
    });
    const names = networkParameters(plan.environment, region.code);
    new RegionPeering(this, 'Peering', {
      vpcId: read(this, names.vpcId, 'AWS::EC2::VPC::Id'),
      routeTableIds: readStrings(this, names.nodeRouteTableIds, nodesArePrivate({ plan, region }) ? region.zoneIds.length : 1),
      coreSecurityGroupId: read(this, names.coreSecurityGroupId, 'AWS::EC2::SecurityGroup::Id'),
      linkPort: LINK_PORT,
      networks: join.others.map((other) => networkOf(plan, region, other)),
    });
  }
}

function networkOf(plan: Plan, own: RegionPlan, { code, awsRegion, account, cidr, isAsked }: JoinedNetwork): PeeredNetwork {
  const { environment } = plan;
  const output = (stack: string, name: string) => outputOf(plan, own.account, { stack, output: name, awsRegion, account });
  const id = pascalCase(code);
  if (!isAsked)
    return { id, cidr, connection: { connectionId: output(joinStackName(environment, code), peeringOutput(pascalCase(own.code))) } };
  const vpcId = output(`${regionNames(environment, code).prefix}-network`, NETWORK_OUTPUT);
  const owner = { account, acceptingRoleArn: roleArn(account, accountRoles(environment).peering) };
  return { id, cidr, connection: { ask: { vpcId, awsRegion, ...(account === own.account ? {} : { owner }) } } };
}

/** `sao-paulo` → `SaoPaulo`: logical ids and outputs take no dashes, and codes have no capitals, so that no two become one. */
function pascalCase(code: string): string {
  return code
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}
