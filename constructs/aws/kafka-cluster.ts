import { CfnKey } from 'aws-cdk-lib/aws-kms';
import { CfnLogGroup } from 'aws-cdk-lib/aws-logs';
import { CfnCluster, CfnConfiguration } from 'aws-cdk-lib/aws-msk';
import { Aws } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { ClientSecurityGroup } from './client-security-group.ts';
import { retained } from './retained.ts';

/** Kafka’s port for TLS with IAM authentication. */
const IAM_PORT = 9098;

export interface KafkaClusterProps {
  /** At most 64 characters; frozen, since another name is another cluster. */
  readonly name: string;
  readonly vpcId: string;
  /** One per zone; frozen by MSK. */
  readonly subnetIds: readonly string[];
  readonly clientSecurityGroupIds: readonly string[];
  /** A multiple of the zones. */
  readonly brokers: number;
  /** EC2 name, without MSK’s `kafka.`. */
  readonly instanceType: string;
  readonly volumeGibibytes: number;
  /**
   * Copies of each partition, and how many must have a record before it is acknowledged.
   * @default 3 and 2 - one broker may fail and D2q still holds
   */
  readonly replicas?: number;
  readonly replicasInSyncMin?: number;
  /** @default '3.8.x' - the newest that standard and Express brokers share */
  readonly kafkaVersion?: string;
}

/** The bus of one region: MSK over its zones, TLS and IAM only, encrypted, and kept when its stack goes. */
export class KafkaCluster extends Construct {
  readonly clusterArn: string;

  constructor(scope: Construct, id: string, props: KafkaClusterProps) {
    super(scope, id);
    const security = new ClientSecurityGroup(this, 'Security', {
      vpcId: props.vpcId,
      description: 'Iris bus: cores only, TLS with IAM',
      clientSecurityGroupIds: props.clientSecurityGroupIds,
      clientPorts: [IAM_PORT],
    });
    const key = retained(
      new CfnKey(this, 'Key', { enableKeyRotation: true, keyPolicy: ownerPolicy(), description: `${props.name} at rest` }),
    );
    const logs = new CfnLogGroup(this, 'BrokerLog', { retentionInDays: 30 });
    const configuration = new CfnConfiguration(this, 'Configuration', {
      name: props.name,
      serverProperties: serverProperties(props.replicas ?? 3, props.replicasInSyncMin ?? 2),
    });
    const cluster = new CfnCluster(this, 'Cluster', {
      clusterName: props.name,
      kafkaVersion: props.kafkaVersion ?? '3.8.x',
      numberOfBrokerNodes: props.brokers,
      brokerNodeGroupInfo: {
        instanceType: `kafka.${props.instanceType}`,
        clientSubnets: [...props.subnetIds],
        securityGroups: [security.securityGroupId],
        storageInfo: { ebsStorageInfo: { volumeSize: props.volumeGibibytes } },
      },
      clientAuthentication: { sasl: { iam: { enabled: true } }, unauthenticated: { enabled: false } },
      encryptionInfo: {
        encryptionAtRest: { dataVolumeKmsKeyId: key.attrArn },
        encryptionInTransit: { clientBroker: 'TLS', inCluster: true },
      },
      configurationInfo: { arn: configuration.attrArn, revision: 1 },
      enhancedMonitoring: 'PER_BROKER',
      loggingInfo: { brokerLogs: { cloudWatchLogs: { enabled: true, logGroup: logs.ref } } },
    });
    this.clusterArn = retained(cluster).ref;
  }
}

/** Topics are made by the environment’s own tools with known counts; a partition never elects a leader that misses records (L1). */
function serverProperties(replicas: number, replicasInSyncMin: number): string {
  return [
    'auto.create.topics.enable=false',
    `default.replication.factor=${replicas}`,
    `min.insync.replicas=${replicasInSyncMin}`,
    'unclean.leader.election.enable=false',
    'message.max.bytes=2097152',
    'num.partitions=1',
  ].join('\n');
}

function ownerPolicy() {
  const owner = { AWS: `arn:${Aws.PARTITION}:iam::${Aws.ACCOUNT_ID}:root` };
  return { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: owner, Action: 'kms:*', Resource: '*' }] };
}
