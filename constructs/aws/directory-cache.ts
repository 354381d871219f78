import { CfnReplicationGroup, CfnSubnetGroup, CfnUser, CfnUserGroup } from 'aws-cdk-lib/aws-elasticache';
import { CfnLogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { ClientSecurityGroup } from './client-security-group.ts';
import { expectRange } from './known-props.ts';
import { retained } from './retained.ts';

const VALKEY_PORT = 6379;
/** What ElastiCache takes. */
const NODE_GROUPS_MAX = 500;
const REPLICAS_MAX = 5;
/** Everything a session directory does; not what empties, stops or reconfigures a node. `info` is how clients ask whether one is ready. */
const NODE_RIGHTS = 'on ~* &* +@all -@admin -@dangerous +info';

export interface DirectoryCacheProps {
  /** At most 40 characters; frozen. Names the cluster and its one user. */
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

/**
 * The session directory of one region: Valkey in cluster mode over several zones, TLS only, encrypted at rest. Its one user logs in with
 * a token that IAM signs for 15 minutes, so there is no password to keep; the group has no default user, so nobody comes in without.
 */
export class DirectoryCache extends Construct {
  readonly endpoint: string;

  /** @throws IrisError SYNTH_FAILED for no primaries, or primaries without a replica. */
  constructor(scope: Construct, id: string, props: DirectoryCacheProps) {
    super(scope, id);
    expectRange(`primaries of ${props.name}`, props.nodeGroups, { min: 1, max: NODE_GROUPS_MAX });
    expectRange(`replicas of a primary of ${props.name}`, props.replicasPerGroup, { min: 1, max: REPLICAS_MAX });
    const security = new ClientSecurityGroup(this, 'Security', {
      vpcId: props.vpcId,
      description: 'Iris session directory: edges and cores only',
      clientSecurityGroupIds: props.clientSecurityGroupIds,
      clientPorts: [VALKEY_PORT],
    });
    // ElastiCache deletes none of these while the cluster stands, so a stack that went without it would stop halfway.
    const subnets = retained(
      new CfnSubnetGroup(this, 'Subnets', { description: `${props.name} subnets`, subnetIds: [...props.subnetIds] }),
    );
    const user = retained(
      new CfnUser(this, 'User', {
        engine: 'valkey',
        userId: props.name,
        // With IAM the two must be the same.
        userName: props.name,
        authenticationMode: { Type: 'iam' },
        accessString: NODE_RIGHTS,
      }),
    );
    const users = retained(new CfnUserGroup(this, 'Users', { engine: 'valkey', userGroupId: props.name, userIds: [user.ref] }));
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
      transitEncryptionMode: 'required',
      userGroupIds: [users.ref],
      port: VALKEY_PORT,
      cacheSubnetGroupName: subnets.ref,
      securityGroupIds: [security.securityGroupId],
      snapshotRetentionLimit: 1,
      logDeliveryConfigurations: [this.deliver('slow-log', 'SlowLog'), this.deliver('engine-log', 'EngineLog')],
    });
    // Without it CloudFormation makes another cluster where the count of primaries changes, and everyone in this one is gone.
    group.cfnOptions.updatePolicy = { useOnlineResharding: true };
    this.endpoint = retained(group).attrConfigurationEndPointAddress;
  }

  private deliver(logType: string, id: string): CfnReplicationGroup.LogDeliveryConfigurationRequestProperty {
    const logs = new CfnLogGroup(this, id, { retentionInDays: 30 });
    const destinationDetails = { cloudWatchLogsDetails: { logGroup: logs.ref } };
    return { logType, logFormat: 'json', destinationType: 'cloudwatch-logs', destinationDetails };
  }
}
