import { CfnRoute, CfnSecurityGroupIngress } from 'aws-cdk-lib/aws-ec2';
import { CfnCoreNetwork, CfnGlobalNetwork, CfnVpcAttachment } from 'aws-cdk-lib/aws-networkmanager';
import { CfnResourceShare } from 'aws-cdk-lib/aws-ram';
import { Aws } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';

const SEGMENT = 'iris';

export interface CoreNetworkProps {
  readonly name: string;
  /** AWS regions in which networks are attached, each once. */
  readonly awsRegions: readonly string[];
  /**
   * Other accounts that may attach networks, 12 digits each. One outside the organization, or in one that has not enabled sharing, accepts the
   * invitation of AWS RAM first. The stack must be in us-east-1 then, where AWS shares what is global.
   * @default none
   */
  readonly sharedWith?: readonly string[];
}

/** One network of all regions (AWS Cloud WAN): an edge in each AWS region, one segment, and whoever is attached is in it. */
export class CoreNetwork extends Construct {
  readonly coreNetworkId: string;
  readonly coreNetworkArn: string;

  constructor(scope: Construct, id: string, props: CoreNetworkProps) {
    super(scope, id);
    const tags = [{ key: 'Name', value: props.name }];
    const network = new CfnGlobalNetwork(this, 'Global', { description: `${props.name}: networks of all regions`, tags });
    const core = new CfnCoreNetwork(this, 'Core', {
      globalNetworkId: network.attrId,
      description: `${props.name}: links between cores of different regions`,
      policyDocument: policyOf(props.awsRegions),
      tags,
    });
    this.coreNetworkId = core.attrCoreNetworkId;
    this.coreNetworkArn = core.attrCoreNetworkArn;
    const { sharedWith = [] } = props;
    if (sharedWith.length > 0)
      new CfnResourceShare(this, 'Share', { name: props.name, resourceArns: [this.coreNetworkArn], principals: [...sharedWith], tags });
  }
}

function policyOf(awsRegions: readonly string[]): object {
  return {
    version: '2021.12',
    'core-network-configuration': {
      'vpn-ecmp-support': false,
      'asn-ranges': ['64512-65534'],
      'edge-locations': awsRegions.toSorted().map((location) => ({ location })),
    },
    segments: [{ name: SEGMENT, 'require-attachment-acceptance': false }],
    'attachment-policies': [
      {
        'rule-number': 100,
        'condition-logic': 'or',
        conditions: [{ type: 'any' }],
        action: { 'association-method': 'constant', segment: SEGMENT },
      },
    ],
  };
}

export interface CoreNetworkAttachmentProps {
  readonly awsRegion: string;
  readonly vpcId: string;
  readonly coreNetworkId: string;
  readonly coreNetworkArn: string;
  /** One subnet in each zone. */
  readonly subnetIds: readonly string[];
  readonly routeTableIds: readonly string[];
  /** Blocks in which the other regions’ networks are; the same for every region, so that one more changes none. */
  readonly cidrs: readonly string[];
  readonly coreSecurityGroupId: string;
  readonly linkPort: number;
}

/** One region’s network in the core network, with the ways there and leave for the others’ cores to link to this region’s. */
export class CoreNetworkAttachment extends Construct {
  constructor(scope: Construct, id: string, props: CoreNetworkAttachmentProps) {
    super(scope, id);
    const arn = (kind: string, name: string) => `arn:${Aws.PARTITION}:ec2:${props.awsRegion}:${Aws.ACCOUNT_ID}:${kind}/${name}`;
    const attachment = new CfnVpcAttachment(this, 'Attachment', {
      coreNetworkId: props.coreNetworkId,
      vpcArn: arn('vpc', props.vpcId),
      subnetArns: props.subnetIds.map((subnetId) => arn('subnet', subnetId)),
    });
    for (const [block, cidr] of props.cidrs.entries()) {
      for (const [table, routeTableId] of props.routeTableIds.entries()) {
        const route = new CfnRoute(this, `Route${table}To${block}`, {
          routeTableId,
          destinationCidrBlock: cidr,
          coreNetworkArn: props.coreNetworkArn,
        });
        route.addResourceDependency(attachment);
      }
      new CfnSecurityGroupIngress(this, `LinksFrom${block}`, {
        groupId: props.coreSecurityGroupId,
        ipProtocol: 'tcp',
        fromPort: props.linkPort,
        toPort: props.linkPort,
        cidrIp: cidr,
        description: 'cores of other regions',
      });
    }
  }
}
