import { CfnOutput } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { CoreNetworkAttachment } from '../../constructs/aws/core-network.ts';
import { DiscoveryNamespace } from '../../constructs/aws/discovery-namespace.ts';
import { FleetSecurity } from '../../constructs/aws/fleet-security.ts';
import { RegionNetwork, type ZoneSubnetIds } from '../../constructs/aws/region-network.ts';
import { ADMIN_PORT, CLIENT_PORT, LINK_PORT } from '../plan/names.ts';
import { PRIVATE_RANGES } from '../plan/rules-network.ts';
import { discoveryParameter, networkParameters, nodeSubnetParameter, publish } from './region-parameters.ts';
import { IrisStack, type RegionStackProps, regionStack } from './region-stack.ts';
import { outputOf } from './stack-outputs.ts';

/** Output with the network’s id, for the stacks that join it with those of other regions. */
export const NETWORK_OUTPUT = 'NetworkId';
/** Outputs of the global stack. */
export const CORE_NETWORK_OUTPUTS = { id: 'CoreNetworkId', arn: 'CoreNetworkArn' } as const;

/** Network and security groups of one region, and the parameters by which its other stacks find them. */
export class NetworkStack extends IrisStack {
  constructor(scope: Construct, props: RegionStackProps) {
    super(scope, regionStack(props, 'network', 'network', true));
    const { plan, region } = props;
    const hasNatGateways = nodesArePrivate(props);
    const network = new RegionNetwork(this, 'Network', {
      name: region.names.prefix,
      awsRegion: region.awsRegion,
      cidr: region.cidr,
      zones: region.subnets,
      hasNatGateways,
    });
    const security = new FleetSecurity(this, 'Security', {
      vpcId: network.vpcId,
      clientPort: CLIENT_PORT,
      linkPort: LINK_PORT,
      adminPort: ADMIN_PORT,
    });
    const nodeSubnet = (zone: ZoneSubnetIds): string => (hasNatGateways ? zone.privateSubnetId : zone.publicSubnetId);
    const names = networkParameters(plan.environment, region.code);
    const routeTables = hasNatGateways ? network.zones.map((zone) => zone.privateRouteTableId) : [network.publicRouteTableId];
    publish(this, names.nodeRouteTableIds, routeTables);
    new CfnOutput(this, NETWORK_OUTPUT, { value: network.vpcId });
    if (plan.regionJoin === 'cloud-wan' && !plan.apart.includes(region.code)) {
      const { globalRegion: awsRegion, globalAccount: account } = plan;
      const ofCoreNetwork = (output: string) => outputOf(plan, region.account, { stack: plan.names.prefix, output, awsRegion, account });
      new CoreNetworkAttachment(this, 'CoreNetwork', {
        awsRegion: region.awsRegion,
        vpcId: network.vpcId,
        coreNetworkId: ofCoreNetwork(CORE_NETWORK_OUTPUTS.id),
        coreNetworkArn: ofCoreNetwork(CORE_NETWORK_OUTPUTS.arn),
        subnetIds: network.zones.map(nodeSubnet),
        routeTableIds: routeTables,
        cidrs: PRIVATE_RANGES,
        coreSecurityGroupId: security.coreSecurityGroupId,
        linkPort: LINK_PORT,
      });
    }
    publish(this, names.vpcId, network.vpcId);
    publish(
      this,
      names.loadBalancerSubnetIds,
      network.zones.map((zone) => zone.publicSubnetId),
    );
    publish(this, names.nodeSubnetIds, network.zones.map(nodeSubnet));
    publish(
      this,
      names.privateSubnetIds,
      network.zones.map((zone) => zone.privateSubnetId),
    );
    publish(this, names.loadBalancerSecurityGroupId, security.loadBalancerSecurityGroupId);
    publish(this, names.edgeSecurityGroupId, security.edgeSecurityGroupId);
    publish(this, names.coreSecurityGroupId, security.coreSecurityGroupId);
    if (plan.foundation === 'distributed') {
      const discovery = new DiscoveryNamespace(this, 'Discovery', { name: region.names.prefix, service: 'core' });
      publish(this, discoveryParameter(plan.environment, region.code), discovery.serviceId);
    }
    for (const zone of network.zones) publish(this, nodeSubnetParameter(plan.environment, region.code, zone.zoneId), nodeSubnet(zone));
  }
}

/**
 * The embedded foundation is the small one: its nodes reach out through addresses of their own behind closed security groups, which
 * costs a tenth of a gateway. The distributed one has a gateway in each zone anyway for its data services.
 */
export function nodesArePrivate({ plan }: RegionStackProps): boolean {
  return plan.foundation === 'distributed';
}
