import type { Construct } from 'constructs';
import { DirectoryCache } from '../../constructs/aws/directory-cache.ts';
import { KafkaCluster } from '../../constructs/aws/kafka-cluster.ts';
import { ScyllaNodes } from '../../constructs/aws/scylla-nodes.ts';
import type { BusPlan, DirectoryPlan, StorePlan } from '../plan/plan.ts';
import { regionZoneIdOf } from './node-boot.ts';
import {
  engineParameters,
  networkParameters,
  nodeSubnetParameter,
  publish,
  read,
  readList,
  storeImageParameter,
  storeSecretPrefix,
} from './region-parameters.ts';
import { IrisStack, type RegionStackProps, regionStack } from './region-stack.ts';

/** The bus of one region. Every stack of this file is protected, and keeps what it made. */
export class BusStack extends IrisStack {
  constructor(scope: Construct, props: RegionStackProps, bus: BusPlan) {
    super(scope, regionStack(props, 'bus', 'Kafka', true));
    const kafka = new KafkaCluster(this, 'Kafka', {
      ...dataNetwork(this, props, ['core']),
      name: props.region.names.bus,
      brokers: bus.brokers,
      instanceType: bus.instanceType,
      storage: bus.kind === 'express' ? 'express' : { gibibytes: bus.volumeGibibytes, gibibytesMax: bus.volumeGibibytesMax },
    });
    publish(this, engineParameters(props.plan.environment, props.region.code).busCluster, kafka.clusterArn);
  }
}

export class StoreStack extends IrisStack {
  constructor(scope: Construct, props: RegionStackProps, store: StorePlan) {
    super(scope, regionStack(props, 'store', 'ScyllaDB', true));
    const { plan, region } = props;
    const names = networkParameters(plan.environment, region.code);
    new ScyllaNodes(this, 'Scylla', {
      vpcId: read(this, names.vpcId, 'AWS::EC2::VPC::Id'),
      clientSecurityGroupIds: [read(this, names.coreSecurityGroupId, 'AWS::EC2::SecurityGroup::Id')],
      name: region.names.store,
      dataCentre: region.code,
      awsRegion: region.awsRegion,
      zones: region.zoneIds.map((zoneId) => ({
        zoneId,
        subnetId: read(this, nodeSubnetParameter(plan.environment, region.code, zoneId), 'AWS::EC2::Subnet::Id'),
      })),
      nodes: store.hosts.map((host, ordinal) => ({ host, replaced: store.replaced[ordinal] ?? [] })),
      hostedZoneId: regionZoneIdOf(plan, region),
      secretPrefix: storeSecretPrefix(plan.environment, region.code),
      backupDays: store.backupDays,
      instanceType: store.instanceType,
      imageId: region.storeAmiId ?? read(this, storeImageParameter(plan.environment), 'AWS::EC2::Image::Id'),
    });
  }
}

export class DirectoryStack extends IrisStack {
  constructor(scope: Construct, props: RegionStackProps, directory: DirectoryPlan) {
    super(scope, regionStack(props, 'directory', 'Valkey', true));
    const cache = new DirectoryCache(this, 'Directory', {
      ...dataNetwork(this, props, ['edge']),
      name: props.region.names.directory,
      nodeGroups: directory.nodeGroups,
      replicasPerGroup: directory.replicasPerGroup,
      instanceType: directory.instanceType,
    });
    publish(this, engineParameters(props.plan.environment, props.region.code).directoryEndpoint, cache.endpoint);
  }
}

function dataNetwork(stack: IrisStack, { plan, region }: RegionStackProps, clients: readonly ('edge' | 'core')[]) {
  const names = networkParameters(plan.environment, region.code);
  const groups = { edge: names.edgeSecurityGroupId, core: names.coreSecurityGroupId };
  return {
    vpcId: read(stack, names.vpcId, 'AWS::EC2::VPC::Id'),
    subnetIds: readList(stack, names.privateSubnetIds, 'AWS::EC2::Subnet::Id'),
    clientSecurityGroupIds: clients.map((client) => read(stack, groups[client], 'AWS::EC2::SecurityGroup::Id')),
  };
}
