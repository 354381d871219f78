import { Aws } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { CoreShardGroups, type ShardGroup } from '../../constructs/aws/core-shard-groups.ts';
import { NodeRole, type PolicyStatement } from '../../constructs/aws/node-role.ts';
import { ZONE_IN_HOST } from '../../constructs/node/boot-script.ts';
import { domainOf, groupHost, LINK_PORT } from '../plan/names.ts';
import type { GroupPlan } from '../plan/plan.ts';
import { groupsPerStack } from '../plan/stack-names.ts';
import { GROUP_VOLUME_GIBIBYTES, ROOT_VOLUME_GIBIBYTES } from '../plan/volumes.ts';
import { coreEngineAccess } from './engine-access.ts';
import { nodesArePrivate } from './network-stack.ts';
import { type NodeBootProps, nodeBoot, regionZoneIdOf } from './node-boot.ts';
import { discoveryParameter, networkParameters, nodeSubnetParameter, read, readList } from './region-parameters.ts';
import { IrisStack, type RegionStackProps, regionStack } from './region-stack.ts';

export interface CoreStackProps extends NodeBootProps {
  /** Number of the stack within its region. */
  readonly part: number;
  /** Groups of this stack, each with its place in the region’s list, which never changes. */
  readonly groups: readonly PlacedGroup[];
}

export interface PlacedGroup {
  readonly plan: GroupPlan;
  readonly ordinal: number;
}

/** The groups of a region, as many to a stack as fit, in the region’s order: a new group comes last and moves none. */
export function coreStackGroups({ plan, region }: RegionStackProps): PlacedGroup[][] {
  const size = groupsPerStack(plan);
  const stacks: PlacedGroup[][] = [];
  for (const [ordinal, group] of region.groups.entries()) {
    if (ordinal % size === 0) stacks.push([]);
    stacks.at(-1)!.push({ plan: group, ordinal });
  }
  return stacks;
}

/** Owners of a region’s shards. Protected where they have volumes. */
export class CoreStack extends IrisStack {
  constructor(scope: Construct, props: CoreStackProps) {
    const { plan, region } = props;
    const isEmbedded = plan.foundation === 'embedded';
    super(scope, regionStack(props, `core-${props.part}`, `shard groups ${props.groups[0]!.plan.id} and on`, isEmbedded));
    const discovery = isEmbedded ? undefined : read(this, discoveryParameter(plan.environment, region.code), 'String');
    const tags = {
      'iris:environment': plan.environment,
      'iris:region': region.code,
      'iris:role': 'core',
      ...(discovery === undefined ? {} : { 'iris:discovery': discovery }),
    };
    const { engines, ...access } = coreEngineAccess(props);
    const boot = nodeBoot(this, props, {
      role: 'core',
      registerInZone: regionZoneIdOf(plan, region),
      ...(isEmbedded ? { needsVolume: true } : { discoverablePort: LINK_PORT }),
      ...(engines && { engines }),
    });
    const others = discovery === undefined ? [attachStatement(props)] : [...access.statements, listStatement(discovery)];
    const role = new NodeRole(this, 'Role', {
      ...boot,
      fleetName: `${region.names.prefix}-${region.code}-g*`,
      parameters: [...boot.parameters, ...access.parameters],
      statements: [registerStatement(props), ...boot.statements, ...others],
    });
    const names = networkParameters(plan.environment, region.code);
    new CoreShardGroups(this, 'Core', {
      name: region.names.prefix,
      groups: isEmbedded ? groupsInOneZone(this, props) : groupsInAllZones(this, props),
      nodesPerGroup: region.coresPerGroup,
      ...(isEmbedded ? { volume: { gibibytes: GROUP_VOLUME_GIBIBYTES } } : {}),
      instanceType: region.instanceTypes.core,
      rootGibibytes: ROOT_VOLUME_GIBIBYTES,
      ...(region.amiId === null ? {} : { imageId: region.amiId }),
      instanceProfileArn: role.instanceProfileArn,
      securityGroupIds: [read(this, names.coreSecurityGroupId, 'AWS::EC2::SecurityGroup::Id')],
      hasPublicAddress: !nodesArePrivate(props),
      userData: boot.userData,
      tags,
    });
  }
}

/** A group with a volume stays in one zone; the groups take the zones in turn. */
function groupsInOneZone(stack: IrisStack, { plan, region, groups }: CoreStackProps): ShardGroup[] {
  const subnets = new Map<string, string>();
  return groups.map(({ plan: group, ordinal }) => {
    const zoneId = region.zoneIds[ordinal % region.zoneIds.length]!;
    const subnet = subnets.get(zoneId) ?? read(stack, nodeSubnetParameter(plan.environment, region.code, zoneId), 'AWS::EC2::Subnet::Id');
    subnets.set(zoneId, subnet);
    return { id: group.id, host: groupHost(domainOf(plan, region), group.id), subnetIds: [subnet], zoneId };
  });
}

function groupsInAllZones(stack: IrisStack, { plan, region, groups }: CoreStackProps): ShardGroup[] {
  const subnetIds = readList(stack, networkParameters(plan.environment, region.code).nodeSubnetIds, 'AWS::EC2::Subnet::Id');
  return groups.map(({ plan: { id } }) => ({
    id,
    host: groupHost(domainOf(plan, region), id, ZONE_IN_HOST),
    subnetIds,
    zoneId: region.zoneIds[0]!,
  }));
}

/** A core may set the addresses of its own region’s group names, and nothing else of the zone. */
function registerStatement({ plan, region }: RegionStackProps): PolicyStatement {
  return {
    Effect: 'Allow',
    Action: ['route53:ChangeResourceRecordSets'],
    Resource: `arn:${Aws.PARTITION}:route53:::hostedzone/${regionZoneIdOf(plan, region)}`,
    Condition: {
      'ForAllValues:StringLike': {
        'route53:ChangeResourceRecordSetsNormalizedRecordNames': [`${region.code}-g*.${region.addresses.coreZone}`],
      },
      'ForAllValues:StringEquals': {
        'route53:ChangeResourceRecordSetsRecordTypes': ['A'],
        'route53:ChangeResourceRecordSetsActions': ['UPSERT'],
      },
    },
  };
}

/** A core may list itself among its region’s cores, and take itself off the list. */
function listStatement(serviceId: string): PolicyStatement {
  return {
    Effect: 'Allow',
    Action: ['servicediscovery:RegisterInstance', 'servicediscovery:DeregisterInstance'],
    Resource: `arn:${Aws.PARTITION}:servicediscovery:${Aws.REGION}:${Aws.ACCOUNT_ID}:service/${serviceId}`,
  };
}

/** A core may attach volumes of its own region of the environment to instances of the same. */
function attachStatement({ plan, region }: RegionStackProps): PolicyStatement {
  const scope = `arn:${Aws.PARTITION}:ec2:${region.awsRegion}:${Aws.ACCOUNT_ID}`;
  return {
    Effect: 'Allow',
    Action: ['ec2:AttachVolume'],
    Resource: [`${scope}:volume/*`, `${scope}:instance/*`],
    Condition: {
      StringEquals: {
        'aws:ResourceTag/iris:environment': plan.environment,
        'aws:ResourceTag/iris:region': region.code,
        'aws:ResourceTag/iris:role': 'core',
      },
    },
  };
}
