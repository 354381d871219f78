import {
  CfnEIP,
  CfnInternetGateway,
  CfnNatGateway,
  CfnRoute,
  CfnRouteTable,
  CfnSubnet,
  CfnSubnetRouteTableAssociation,
  CfnVPC,
  CfnVPCEndpoint,
  CfnVPCGatewayAttachment,
} from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import { FlowLog } from './flow-log.ts';

/** One zone of a region’s network. */
export interface NetworkZone {
  /** Such as `apne1-az1`: unlike a zone’s name, it means the same place in every account. */
  readonly zoneId: string;
  readonly publicCidr: string;
  readonly privateCidr: string;
}

export interface RegionNetworkProps {
  /** Name tag of the network. */
  readonly name: string;
  readonly awsRegion: string;
  readonly cidr: string;
  readonly zones: readonly NetworkZone[];
  /**
   * Whether private subnets reach out through a gateway in each zone.
   * @default false - nodes then live in the public subnets behind closed security groups, which saves a gateway's price per zone
   */
  readonly hasNatGateways?: boolean;
}

/** The subnets of one zone. */
export interface ZoneSubnetIds {
  readonly zoneId: string;
  readonly publicSubnetId: string;
  readonly privateSubnetId: string;
  readonly privateRouteTableId: string;
}

/** Network of one Iris region: addressed by zone id, and without a reference to any other region. */
export class RegionNetwork extends Construct {
  readonly vpcId: string;
  readonly zones: readonly ZoneSubnetIds[];
  /** Of the public subnets of every zone. */
  readonly publicRouteTableId: string;

  constructor(scope: Construct, id: string, props: RegionNetworkProps) {
    super(scope, id);
    const vpc = new CfnVPC(this, 'Vpc', {
      cidrBlock: props.cidr,
      enableDnsHostnames: true,
      enableDnsSupport: true,
      tags: [{ key: 'Name', value: props.name }],
    });
    this.vpcId = vpc.ref;
    const { publicRoutes, attachment } = this.addPublicRoutes(vpc);
    this.publicRouteTableId = publicRoutes.ref;
    const tables = [publicRoutes.ref];
    this.zones = props.zones.map((zone) => {
      const { subnets, privateRoutes } = this.addZone(zone, publicRoutes);
      if (props.hasNatGateways === true) this.addNatGateway(subnets, attachment);
      tables.push(privateRoutes.ref);
      return subnets;
    });
    new CfnVPCEndpoint(this, 'S3Endpoint', {
      vpcId: vpc.ref,
      serviceName: `com.amazonaws.${props.awsRegion}.s3`,
      vpcEndpointType: 'Gateway',
      routeTableIds: tables,
    });
    new FlowLog(this, 'FlowLog', { vpcId: vpc.ref });
  }

  private addPublicRoutes(vpc: CfnVPC) {
    const gateway = new CfnInternetGateway(this, 'InternetGateway');
    const attachment = new CfnVPCGatewayAttachment(this, 'InternetGatewayAttachment', {
      vpcId: vpc.ref,
      internetGatewayId: gateway.ref,
    });
    const routes = new CfnRouteTable(this, 'PublicRoutes', { vpcId: vpc.ref });
    const route = new CfnRoute(this, 'InternetRoute', {
      routeTableId: routes.ref,
      destinationCidrBlock: '0.0.0.0/0',
      gatewayId: gateway.ref,
    });
    route.addResourceDependency(attachment);
    return { publicRoutes: routes, attachment };
  }

  private addZone(zone: NetworkZone, publicRoutes: CfnRouteTable) {
    const { zoneId } = zone;
    const open = this.addSubnet(`PublicSubnet-${zoneId}`, zoneId, zone.publicCidr);
    const closed = this.addSubnet(`PrivateSubnet-${zoneId}`, zoneId, zone.privateCidr);
    const privateRoutes = new CfnRouteTable(this, `PrivateRoutes-${zoneId}`, { vpcId: this.vpcId });
    this.associate(`PublicAssociation-${zoneId}`, open, publicRoutes);
    this.associate(`PrivateAssociation-${zoneId}`, closed, privateRoutes);
    return {
      subnets: { zoneId, publicSubnetId: open.ref, privateSubnetId: closed.ref, privateRouteTableId: privateRoutes.ref },
      privateRoutes,
    };
  }

  private addSubnet(id: string, availabilityZoneId: string, cidrBlock: string): CfnSubnet {
    return new CfnSubnet(this, id, {
      vpcId: this.vpcId,
      availabilityZoneId,
      cidrBlock,
      mapPublicIpOnLaunch: false,
      tags: [{ key: 'Name', value: id }],
    });
  }

  private associate(id: string, subnet: CfnSubnet, routes: CfnRouteTable): void {
    new CfnSubnetRouteTableAssociation(this, id, { subnetId: subnet.ref, routeTableId: routes.ref });
  }

  /** Neither address nor gateway can be made before the network has a way out. */
  private addNatGateway({ zoneId, publicSubnetId, privateRouteTableId }: ZoneSubnetIds, attachment: CfnVPCGatewayAttachment): void {
    const address = new CfnEIP(this, `NatAddress-${zoneId}`, { domain: 'vpc' });
    const gateway = new CfnNatGateway(this, `NatGateway-${zoneId}`, {
      subnetId: publicSubnetId,
      allocationId: address.attrAllocationId,
    });
    address.addResourceDependency(attachment);
    gateway.addResourceDependency(attachment);
    new CfnRoute(this, `NatRoute-${zoneId}`, {
      routeTableId: privateRouteTableId,
      destinationCidrBlock: '0.0.0.0/0',
      natGatewayId: gateway.ref,
    });
  }
}
