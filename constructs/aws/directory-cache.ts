import { CfnReplicationGroup, CfnSubnetGroup } from 'aws-cdk-lib/aws-elasticache';
import { Construct } from 'constructs';
import { ClientSecurityGroup } from './client-security-group.ts';
import { retained } from './retained.ts';

const VALKEY_PORT = 6379;

export interface DirectoryCacheProps {
  /** At most 40 characters; frozen. */
  readonly name: string;
  readonly vpcId: string;
  readonly subnetIds: readonly string[];
  readonly clientSecurityGroupIds: readonly string[];
  /** Primaries. */
  readonly nodeGroups: number;
  /** At least one, so that a zone may fail. */
  readonly replicasPerGroup: number;
  /** EC2 name, without ElastiCache’s `cache.`. */
  readonly instanceType: string;
}

/** The session directory of one region: Valkey in cluster mode over several zones, TLS only, encrypted at rest. */
export class DirectoryCache extends Construct {
  readonly endpoint: string;

  constructor(scope: Construct, id: string, props: DirectoryCacheProps) {
    super(scope, id);
    const security = new ClientSecurityGroup(this, 'Security', {
      vpcId: props.vpcId,
      description: 'Iris session directory: edges and cores only',
      clientSecurityGroupIds: props.clientSecurityGroupIds,
      clientPorts: [VALKEY_PORT],
    });
    const subnets = new CfnSubnetGroup(this, 'Subnets', { description: `${props.name} subnets`, subnetIds: [...props.subnetIds] });
    const group = new CfnReplicationGroup(this, 'Valkey', {
      replicationGroupId: props.name,
      replicationGroupDescription: `${props.name} session directory`,
      engine: 'valkey',
      engineVersion: '8.0',
      clusterMode: 'enabled',
      cacheNodeType: `cache.${props.instanceType}`,
      numNodeGroups: props.nodeGroups,
      replicasPerNodeGroup: props.replicasPerGroup,
      automaticFailoverEnabled: true,
      multiAzEnabled: true,
      atRestEncryptionEnabled: true,
      transitEncryptionEnabled: true,
      port: VALKEY_PORT,
      cacheSubnetGroupName: subnets.ref,
      securityGroupIds: [security.securityGroupId],
      snapshotRetentionLimit: 1,
    });
    this.endpoint = retained(group).attrConfigurationEndPointAddress;
  }
}
