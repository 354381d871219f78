import { CfnSecurityGroup, CfnSecurityGroupIngress } from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import { retained } from './retained.ts';

export interface ClientSecurityGroupProps {
  readonly vpcId: string;
  readonly description: string;
  /** Who may connect. */
  readonly clientSecurityGroupIds: readonly string[];
  /** Ports open to the clients. */
  readonly clientPorts: readonly number[];
  /** Ports open between the servers themselves. @default none */
  readonly memberPorts?: readonly number[];
}

/** Security group of a data service: its clients, its own members, nobody else. Kept with the service, whose interfaces hold on to it. */
export class ClientSecurityGroup extends Construct {
  readonly securityGroupId: string;

  constructor(scope: Construct, id: string, props: ClientSecurityGroupProps) {
    super(scope, id);
    const group = new CfnSecurityGroup(this, 'Group', { vpcId: props.vpcId, groupDescription: props.description });
    this.securityGroupId = retained(group).attrGroupId;
    for (const port of props.clientPorts) {
      for (const [index, client] of props.clientSecurityGroupIds.entries()) this.allow(`Client${index}-${port}`, client, port);
    }
    for (const port of props.memberPorts ?? []) this.allow(`Member-${port}`, this.securityGroupId, port);
  }

  /** Opens one port to one more group. */
  allow(id: string, from: string, port: number): void {
    new CfnSecurityGroupIngress(this, id, {
      groupId: this.securityGroupId,
      sourceSecurityGroupId: from,
      ipProtocol: 'tcp',
      fromPort: port,
      toPort: port,
      description: id,
    });
  }

  /** Opens one port to a network that is joined with this one. */
  allowNetwork(id: string, cidr: string, port: number): void {
    new CfnSecurityGroupIngress(this, id, {
      groupId: this.securityGroupId,
      cidrIp: cidr,
      ipProtocol: 'tcp',
      fromPort: port,
      toPort: port,
      description: id,
    });
  }
}
