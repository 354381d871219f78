import { CfnOutput, Duration } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { ClientCertificate } from '../../constructs/aws/client-certificate.ts';
import { EdgeFleet } from '../../constructs/aws/edge-fleet.ts';
import { NodeRole } from '../../constructs/aws/node-role.ts';
import { alarmName, REFRESH_ALARMS } from '../plan/alarms.ts';
import { ADMIN_PORT, CLIENT_PORT } from '../plan/names.ts';
import { ROOT_VOLUME_GIBIBYTES } from '../plan/volumes.ts';
import { edgeEngineAccess } from './engine-access.ts';
import { nodesArePrivate } from './network-stack.ts';
import { type NodeBootProps, nodeBoot, regionZoneIdOf } from './node-boot.ts';
import { balancerParameters, networkParameters, publish, read, readList } from './region-parameters.ts';
import { IrisStack, type RegionStackProps, regionStack } from './region-stack.ts';

/** ARN of the load balancer, where anycast sends clients to it. */
export const LOAD_BALANCER_OUTPUT = 'LoadBalancerArn';

/** The same as Route 53 aliases it, where records of another account send clients to it. */
export const ALIAS_OUTPUTS = { dnsName: 'LoadBalancerDnsName', zoneId: 'LoadBalancerZoneId' } as const;

/** Edges of one region; nothing in it holds data. */
export class EdgeStack extends IrisStack {
  constructor(scope: Construct, props: NodeBootProps) {
    super(scope, regionStack(props, 'edge', 'edge fleet', false));
    const { plan, region } = props;
    const names = networkParameters(plan.environment, region.code);
    const { parameters, statements, engines } = edgeEngineAccess(props);
    const boot = nodeBoot(this, props, { role: 'edge', ...(engines && { engines }) });
    const role = new NodeRole(this, 'Role', {
      ...boot,
      fleetName: region.names.edgeFleet,
      parameters: [...boot.parameters, ...parameters],
      statements: [...boot.statements, ...statements],
    });
    const fleet = new EdgeFleet(this, 'Edge', {
      name: region.names.edgeFleet,
      environment: plan.environment,
      region: region.code,
      loadBalancerName: region.names.loadBalancer,
      targetGroupName: region.names.targetGroup,
      vpcId: read(this, names.vpcId, 'AWS::EC2::VPC::Id'),
      loadBalancerSubnetIds: readList(this, names.loadBalancerSubnetIds, 'AWS::EC2::Subnet::Id'),
      nodeSubnetIds: readList(this, names.nodeSubnetIds, 'AWS::EC2::Subnet::Id'),
      loadBalancerSecurityGroupIds: [read(this, names.loadBalancerSecurityGroupId, 'AWS::EC2::SecurityGroup::Id')],
      nodeSecurityGroupIds: [read(this, names.edgeSecurityGroupId, 'AWS::EC2::SecurityGroup::Id')],
      hasPublicAddress: !nodesArePrivate(props),
      nodesMin: region.edgesMin,
      nodesMax: region.edgesMax,
      ...(region.edgeScaling === null ? {} : { scaling: region.edgeScaling }),
      instanceType: region.instanceTypes.edge,
      rootGibibytes: ROOT_VOLUME_GIBIBYTES,
      spotShare: region.edgeSpotShare,
      ...(region.amiId === null ? {} : { imageId: region.amiId }),
      instanceProfileArn: role.instanceProfileArn,
      userData: boot.userData,
      tags: { 'iris:environment': plan.environment, 'iris:region': region.code, 'iris:role': 'edge' },
      deregistrationDelay: Duration.seconds(region.edgeDeregistrationSeconds),
      refresh: { alarmNames: REFRESH_ALARMS.map((key) => alarmName(region, key)) },
      clientPort: CLIENT_PORT,
      adminPort: ADMIN_PORT,
      ...this.certificate(props),
      record: { hostedZoneId: regionZoneIdOf(plan, region), host: region.addresses.edgeHost },
    });
    if (plan.geoRouting.includes('anycast')) new CfnOutput(this, LOAD_BALANCER_OUTPUT, { value: fleet.loadBalancerArn });
    if (region.accountZone !== null && plan.geoRouting.includes('route53')) {
      new CfnOutput(this, ALIAS_OUTPUTS.dnsName, { value: fleet.loadBalancerDnsName });
      new CfnOutput(this, ALIAS_OUTPUTS.zoneId, { value: fleet.loadBalancerZoneId });
    }
    const published = balancerParameters(plan.environment, region.code);
    publish(this, published.loadBalancer, fleet.loadBalancerFullName);
    publish(this, published.targetGroup, fleet.targetGroupFullName);
  }

  private certificate({ plan, region }: RegionStackProps): { certificateArn?: string } {
    const certificate = region.clientCertificate;
    if (certificate === null) return {};
    if ('arn' in certificate) return { certificateArn: certificate.arn };
    const { hosts } = certificate;
    return { certificateArn: new ClientCertificate(this, 'Clients', { hosts, hostedZoneId: regionZoneIdOf(plan, region) }).certificateArn };
  }
}
