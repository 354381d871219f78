import { CfnRoute, CfnSecurityGroupIngress, CfnVPCPeeringConnection } from 'aws-cdk-lib/aws-ec2';
import { CfnOutput } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';

/** A network of another region that this one is peered with. */
export interface PeeredNetwork {
  /** Names it: letters and digits, unique here, the same at every deployment. */
  readonly id: string;
  readonly cidr: string;
  /** Where this region asks for the connection, the other’s network; else the connection that the other has asked for. */
  readonly connection: { readonly ask: AskedNetwork } | { readonly connectionId: string };
}

export interface AskedNetwork {
  readonly vpcId: string;
  readonly awsRegion: string;
  /** Where it is in another account: that one, and its role which accepts. @default - this account, which accepts for itself */
  readonly owner?: { readonly account: string; readonly acceptingRoleArn: string };
}

export interface RegionPeeringProps {
  readonly vpcId: string;
  /** Route tables of the nodes’ subnets. */
  readonly routeTableIds: readonly string[];
  readonly coreSecurityGroupId: string;
  /** The one port that cores of other regions may reach. */
  readonly linkPort: number;
  readonly networks: readonly PeeredNetwork[];
}

/** Output with the id of a connection that this region has asked for, for the other region’s own stack. */
export function peeringOutput(id: string): string {
  return `Peering${id}`;
}

/**
 * Joins a region’s network with others by VPC peering, both sides each for itself: the connection where this side asks, routes to it, and
 * leave for the others’ cores to link to this region’s.
 */
export class RegionPeering extends Construct {
  constructor(scope: Construct, id: string, props: RegionPeeringProps) {
    super(scope, id);
    for (const network of props.networks) {
      const vpcPeeringConnectionId = this.connectionTo(network, props.vpcId);
      for (const [table, routeTableId] of props.routeTableIds.entries()) {
        new CfnRoute(this, `Route${table}To${network.id}`, { routeTableId, destinationCidrBlock: network.cidr, vpcPeeringConnectionId });
      }
      new CfnSecurityGroupIngress(this, `LinksFrom${network.id}`, {
        groupId: props.coreSecurityGroupId,
        ipProtocol: 'tcp',
        fromPort: props.linkPort,
        toPort: props.linkPort,
        cidrIp: network.cidr,
        description: `cores of ${network.id}`,
      });
    }
  }

  private connectionTo({ id, connection }: PeeredNetwork, vpcId: string): string {
    if ('connectionId' in connection) return connection.connectionId;
    const { vpcId: peerVpcId, awsRegion: peerRegion, owner } = connection.ask;
    const made = new CfnVPCPeeringConnection(this, `To${id}`, {
      vpcId,
      peerVpcId,
      peerRegion,
      ...(owner === undefined ? {} : { peerOwnerId: owner.account, peerRoleArn: owner.acceptingRoleArn }),
      tags: [{ key: 'Name', value: `to ${id}` }],
    });
    new CfnOutput(this, `Output${id}`, { value: made.ref }).overrideLogicalId(peeringOutput(id));
    return made.ref;
  }
}
