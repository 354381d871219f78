import type { Construct } from 'constructs';
import { DiscoveryNamespace } from '../../constructs/aws/discovery-namespace.ts';
import { FleetSecurity } from '../../constructs/aws/fleet-security.ts';
import { RegionNetwork, type ZoneSubnetIds } from '../../constructs/aws/region-network.ts';
import { ADMIN_PORT, CLIENT_PORT, LINK_PORT } from '../plan/names.ts';
import { discoveryParameter, networkParameters, nodeSubnetParameter, publish } from './region-parameters.ts';
import { IrisStack, type RegionStackProps, regionStack } from './region-stack.ts';

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
