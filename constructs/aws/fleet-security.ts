import { CfnSecurityGroup, CfnSecurityGroupIngress } from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';

export interface FleetSecurityProps {
  readonly vpcId: string;
  /** The only port that is open to the world, and only at the load balancer. */
  readonly clientPort: number;
  /** Where edges and cores link to cores. */
  readonly linkPort: number;
  /** Health, readiness and metrics; open to the load balancer's health checks. */
  readonly adminPort: number;
}

/** Who may speak to whom in a region: the world to the load balancer, it to edges, edges and cores to cores. No SSH anywhere. */
export class FleetSecurity extends Construct {
  readonly loadBalancerSecurityGroupId: string;
  readonly edgeSecurityGroupId: string;
  readonly coreSecurityGroupId: string;

  constructor(scope: Construct, id: string, props: FleetSecurityProps) {
    super(scope, id);
    const balancer = this.addGroup('LoadBalancer', props.vpcId, 'Iris load balancer: clients from anywhere, on one port');
    const edge = this.addGroup('Edge', props.vpcId, 'Iris edges: the load balancer only');
    const core = this.addGroup('Core', props.vpcId, 'Iris cores: links from edges and cores only');
    new CfnSecurityGroupIngress(this, 'ClientsToLoadBalancer', {
      groupId: balancer,
      ipProtocol: 'tcp',
      fromPort: props.clientPort,
      toPort: props.clientPort,
      cidrIp: '0.0.0.0/0',
      description: 'clients',
    });
    this.allow('LoadBalancerToEdge', balancer, edge, props.clientPort);
    this.allow('HealthChecksToEdge', balancer, edge, props.adminPort);
    this.allow('EdgeToCore', edge, core, props.linkPort);
    this.allow('CoreToCore', core, core, props.linkPort);
    this.loadBalancerSecurityGroupId = balancer;
    this.edgeSecurityGroupId = edge;
    this.coreSecurityGroupId = core;
  }

  private addGroup(id: string, vpcId: string, groupDescription: string): string {
    return new CfnSecurityGroup(this, id, { vpcId, groupDescription }).attrGroupId;
  }

  private allow(id: string, from: string, to: string, port: number): void {
    new CfnSecurityGroupIngress(this, id, {
      groupId: to,
      sourceSecurityGroupId: from,
      ipProtocol: 'tcp',
      fromPort: port,
      toPort: port,
      description: id,
    });
  }
}
