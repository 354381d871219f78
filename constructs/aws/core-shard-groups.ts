import { CfnAutoScalingGroup } from 'aws-cdk-lib/aws-autoscaling';
import { CfnVolume } from 'aws-cdk-lib/aws-ec2';
import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { drainHook } from './drain-hook.ts';
import { expectKnown, expectRange, refuse } from './known-props.ts';
import { NodeLaunchTemplate } from './node-launch-template.ts';
import { retained } from './retained.ts';

/** Shard groups of one stack, below the 500 resources of a template: one resource each, or two with a volume. */
const GROUPS_PER_STACK_MAX = 300;
const GROUPS_WITH_VOLUME_PER_STACK_MAX = 200;

/** How long a core may be silent before its machine goes: a dead one keeps its volume from its successor for so long. */
const HOOK_TIMEOUT = Duration.minutes(2);

export interface ShardGroup {
  readonly id: string;
  /** Host name of the group’s owner; the node registers it when it starts. */
  readonly host: string;
  /** Subnets of the group’s nodes: one where it has a volume, since a volume never leaves its zone. */
  readonly subnetIds: readonly string[];
  /** Zone of the volume. */
  readonly zoneId: string;
}

export interface CoreShardGroupsProps {
  /** Begins the names of the Auto Scaling groups, which continue with the group’s id. */
  readonly name: string;
  readonly groups: readonly ShardGroup[];
  /** 1 with a volume; else a primary and its standbys, each in a zone of its own as far as the subnets go. */
  readonly nodesPerGroup: number;
  /** Volume that holds a group’s log and inboxes and that its next node takes over. @default - none: the bus and the store hold them */
  readonly volume?: { readonly gibibytes: number };
  readonly instanceType: string;
  readonly imageId?: string;
  /** @default 8 */
  readonly rootGibibytes?: number;
  readonly instanceProfileArn: string;
  readonly securityGroupIds: readonly string[];
  readonly hasPublicAddress: boolean;
  /** The boot script, the same for all groups: a node learns its group from its tags. */
  readonly userData: string;
  /** Tags of every node and volume; the role’s right to attach is limited to them. */
  readonly tags: Readonly<Record<string, string>>;
}

/**
 * The owners of a region’s shards: one Auto Scaling group each, and nothing else but a volume where there is no bus. A machine that goes is
 * held until its node has stopped; where the published slot map no longer names its group, until it owns nothing (`docs/operations.md`).
 */
export class CoreShardGroups extends Construct {
  constructor(scope: Construct, id: string, props: CoreShardGroupsProps) {
    super(scope, id);
    expectGroupsFit(props);
    const template = new NodeLaunchTemplate(this, 'Node', props);
    for (const group of props.groups) {
      const volume = props.volume === undefined ? undefined : this.addVolume(group, props.volume.gibibytes, props.tags);
      this.addNodes(group, props, template, volume);
    }
  }

  /** Kept when the stack or the group goes: it holds acknowledged messages (L1). */
  private addVolume(group: ShardGroup, gibibytes: number, tags: Readonly<Record<string, string>>): CfnVolume {
    return retained(
      new CfnVolume(this, `Volume-${group.id}`, {
        availabilityZoneId: group.zoneId,
        size: gibibytes,
        volumeType: 'gp3',
        encrypted: true,
        tags: Object.entries({ ...tags, 'iris:group': group.id }).map(([key, value]) => ({ key, value })),
      }),
    );
  }

  private addNodes(group: ShardGroup, props: CoreShardGroupsProps, template: NodeLaunchTemplate, volume?: CfnVolume): void {
    const name = `${props.name}-${group.id}`;
    const tags = { Name: name, 'iris:group': group.id, 'iris:host': group.host };
    const nodes = new CfnAutoScalingGroup(this, `Nodes-${group.id}`, {
      autoScalingGroupName: name,
      minSize: `${props.nodesPerGroup}`,
      maxSize: `${props.nodesPerGroup}`,
      vpcZoneIdentifier: [...group.subnetIds],
      healthCheckType: 'EC2',
      healthCheckGracePeriod: 300,
      lifecycleHookSpecificationList: [drainHook(HOOK_TIMEOUT)],
      // A primary and its standby never share a zone: where one has no room, the group waits for it.
      ...(props.nodesPerGroup === 1 ? {} : { availabilityZoneDistribution: { capacityDistributionStrategy: 'balanced-only' } }),
      launchTemplate: { launchTemplateId: template.launchTemplateId, version: template.version },
      tags: Object.entries({ ...tags, ...(volume && { 'iris:volume': volume.ref }) }).map(([key, value]) => ({
        key,
        value,
        propagateAtLaunch: true,
      })),
    });
    // One node at a time, the old one first: two nodes can neither share a volume nor serve the same shards.
    nodes.cfnOptions.updatePolicy = {
      autoScalingRollingUpdate: {
        maxBatchSize: 1,
        minInstancesInService: props.nodesPerGroup - 1,
        pauseTime: 'PT2M',
        suspendProcesses: ['AZRebalance'],
      },
    };
  }
}

/** @throws IrisError SYNTH_FAILED */
function expectGroupsFit({ groups, volume, name, nodesPerGroup }: CoreShardGroupsProps): void {
  expectKnown(`nodesPerGroup of ${name}`, nodesPerGroup);
  expectRange(`nodesPerGroup of ${name}${volume === undefined ? '' : ', which have a volume'}`, nodesPerGroup, {
    min: 1,
    max: volume === undefined ? Number.POSITIVE_INFINITY : 1,
  });
  const spread = volume === undefined ? undefined : groups.find(({ subnetIds }) => subnetIds.length !== 1);
  if (spread !== undefined)
    refuse(`${name}: group ${spread.id} has a volume and ${spread.subnetIds.length} subnets; name the one of its zone`);
  const max = volume === undefined ? GROUPS_PER_STACK_MAX : GROUPS_WITH_VOLUME_PER_STACK_MAX;
  if (groups.length > max) refuse(`${name} has ${groups.length} shard groups in one stack, ${max} fit; split them`);
}
