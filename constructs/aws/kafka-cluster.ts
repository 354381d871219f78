import { CfnScalableTarget, CfnScalingPolicy } from 'aws-cdk-lib/aws-applicationautoscaling';
import { CfnKey } from 'aws-cdk-lib/aws-kms';
import { CfnLogGroup } from 'aws-cdk-lib/aws-logs';
import { CfnCluster, CfnClusterPolicy, CfnConfiguration } from 'aws-cdk-lib/aws-msk';
import { Aws, Token } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { LOG_BATCH_BYTES_MAX } from '../../runtime/contract/limits.ts';
import { LOG_REPLICAS, LOG_REPLICAS_IN_SYNC_MIN } from '../../runtime/contract/log-topic.ts';
import { ClientSecurityGroup } from './client-security-group.ts';
import { numberText, refuse } from './known-props.ts';
import { retained } from './retained.ts';

/** Kafka’s port for TLS with IAM authentication. */
const IAM_PORT = 9098;
/** Ports of MSK’s Prometheus exporters: of Kafka (JMX), and of the machine. */
const EXPORTER_PORTS = [11_001, 11_002];
/** Per cent of a volume at which it grows; MSK advises 50 to 60, and grows by a tenth at a time. */
const VOLUME_GROWS_AT = 60;
/** Zones and Kafka versions that Express brokers exist for; taken in November 2026 from MSK’s developer guide. */
const EXPRESS_ZONES = 3;
const EXPRESS_VERSIONS = /^3\.(6|8|9)\./;

/** Volume of each standard broker. */
export interface BrokerVolumes {
  readonly gibibytes: number;
  /** Up to which MSK grows a volume that is 60 % full, 16,384 at most; none ever shrinks. */
  readonly gibibytesMax: number;
}

export interface KafkaClusterProps {
  /** At most 64 characters; frozen, since another name is another cluster. */
  readonly name: string;
  readonly vpcId: string;
  /** One per zone; frozen by MSK. Express brokers want three. */
  readonly subnetIds: readonly string[];
  readonly clientSecurityGroupIds: readonly string[];
  /** A multiple of the zones. */
  readonly brokers: number;
  /** EC2 name, without MSK’s `kafka.` or `express.`. */
  readonly instanceType: string;
  /**
   * Volumes of standard brokers; `express` for Express brokers, whose storage MSK runs and bills by use. One cannot become the other:
   * MSK refuses the change.
   */
  readonly storage: BrokerVolumes | 'express';
  /**
   * Copies of each partition, and how many must have a record before it is acknowledged.
   * @default 3 and 2 - one broker may fail and D2q still holds; Express brokers know no other values
   */
  readonly replicas?: number;
  readonly replicasInSyncMin?: number;
  /**
   * `.kraft` keeps Kafka’s metadata in Kafka, which allows 60 brokers where ZooKeeper allows 30; it is chosen once for a cluster’s life.
   * @default '3.9.x.kraft' - the newest that standard and Express brokers share
   */
  readonly kafkaVersion?: string;
  /**
   * Who may scrape the brokers’ Prometheus exporters.
   * @default none - the exporters are off
   */
  readonly scraperSecurityGroupIds?: readonly string[];
  /**
   * Lets MSK’s replicators of other AWS regions read the cluster: private connectivity with IAM, and a policy for the service. MSK refuses it
   * for a cluster that is being made: deploy the cluster first, then with this.
   * @default false
   */
  readonly allowsReplication?: boolean;
}

/**
 * The bus of one region: MSK over its zones, TLS and IAM only, encrypted, logged, and kept when its stack goes. Volumes of standard
 * brokers grow by themselves.
 */
export class KafkaCluster extends Construct {
  readonly clusterArn: string;

  /** @throws IrisError SYNTH_FAILED for a combination that MSK would refuse. */
  constructor(scope: Construct, id: string, props: KafkaClusterProps) {
    super(scope, id);
    const kafkaVersion = props.kafkaVersion ?? '3.9.x.kraft';
    expectPossible(props, kafkaVersion);
    const security = this.addSecurity(props);
    const key = retained(
      new CfnKey(this, 'Key', { enableKeyRotation: true, keyPolicy: ownerPolicy(), description: `${props.name} at rest` }),
    );
    const logs = new CfnLogGroup(this, 'BrokerLog', { retentionInDays: 30 });
    // MSK deletes none that a cluster uses.
    const configuration = retained(
      new CfnConfiguration(this, 'Configuration', { name: props.name, serverProperties: serverProperties(props) }),
    );
    const cluster = new CfnCluster(this, 'Cluster', {
      clusterName: props.name,
      kafkaVersion,
      numberOfBrokerNodes: props.brokers,
      brokerNodeGroupInfo: {
        clientSubnets: [...props.subnetIds],
        securityGroups: [security.securityGroupId],
        ...brokerMachines(props),
        ...(props.allowsReplication === true ? { connectivityInfo: privateConnectivity() } : {}),
      },
      clientAuthentication: { sasl: { iam: { enabled: true } }, unauthenticated: { enabled: false } },
      encryptionInfo: {
        encryptionAtRest: { dataVolumeKmsKeyId: key.attrArn },
        encryptionInTransit: { clientBroker: 'TLS', inCluster: true },
      },
      // Its newest revision: with a fixed number, a changed property would never reach the brokers.
      configurationInfo: { arn: configuration.attrArn, revision: configuration.attrLatestRevisionRevision },
      enhancedMonitoring: 'PER_BROKER',
      ...(props.scraperSecurityGroupIds === undefined ? {} : { openMonitoring: { prometheus: exporters() } }),
      loggingInfo: { brokerLogs: { cloudWatchLogs: { enabled: true, logGroup: logs.ref } } },
    });
    this.clusterArn = retained(cluster).ref;
    if (props.storage !== 'express') this.growVolumes(props.storage);
    if (props.allowsReplication === true)
      new CfnClusterPolicy(this, 'Policy', { clusterArn: this.clusterArn, policy: replicatorPolicy(this.clusterArn) });
  }

  private addSecurity(props: KafkaClusterProps): ClientSecurityGroup {
    const security = new ClientSecurityGroup(this, 'Security', {
      vpcId: props.vpcId,
      description: 'Iris bus: cores only, TLS with IAM',
      clientSecurityGroupIds: props.clientSecurityGroupIds,
      clientPorts: [IAM_PORT],
    });
    for (const [index, scraper] of (props.scraperSecurityGroupIds ?? []).entries()) {
      for (const port of EXPORTER_PORTS) security.allow(`Scraper${index}-${port}`, scraper, port);
    }
    return security;
  }

  private growVolumes({ gibibytesMax }: BrokerVolumes): void {
    const target = new CfnScalableTarget(this, 'VolumeTarget', {
      serviceNamespace: 'kafka',
      scalableDimension: 'kafka:broker-storage:VolumeSize',
      resourceId: this.clusterArn,
      minCapacity: 1,
      maxCapacity: gibibytesMax,
    });
    new CfnScalingPolicy(this, 'VolumePolicy', {
      policyName: 'volume-growth',
      policyType: 'TargetTrackingScaling',
      scalingTargetId: target.ref,
      targetTrackingScalingPolicyConfiguration: {
        predefinedMetricSpecification: { predefinedMetricType: 'KafkaBrokerStorageUtilization' },
        targetValue: VOLUME_GROWS_AT,
        disableScaleIn: true,
      },
    });
  }
}

function expectPossible({ storage, subnetIds, brokers, replicas, replicasInSyncMin }: KafkaClusterProps, kafkaVersion: string): void {
  const areKnown =
    !Token.isUnresolved(brokers) && !Token.isUnresolved(subnetIds) && !subnetIds.some((subnet) => Token.isUnresolved(subnet));
  if (areKnown && brokers % subnetIds.length !== 0)
    refuse(`${brokers} brokers over ${subnetIds.length} zones: use a multiple of the zones`);
  if (storage !== 'express') return;
  if (areKnown && subnetIds.length !== EXPRESS_ZONES) refuse(`Express brokers in ${subnetIds.length} zones: name ${EXPRESS_ZONES} subnets`);
  if (!Token.isUnresolved(brokers) && brokers % EXPRESS_ZONES !== 0)
    refuse(`${brokers} Express brokers: use a multiple of ${EXPRESS_ZONES}`);
  if (!Token.isUnresolved(kafkaVersion) && !EXPRESS_VERSIONS.test(kafkaVersion))
    refuse(`Express brokers with Kafka ${kafkaVersion}: use 3.6, 3.8 or 3.9`);
  if ((replicas ?? LOG_REPLICAS) !== LOG_REPLICAS || (replicasInSyncMin ?? LOG_REPLICAS_IN_SYNC_MIN) !== LOG_REPLICAS_IN_SYNC_MIN)
    refuse('Express brokers keep 3 copies of which 2 acknowledge: leave both out');
}

function brokerMachines({ storage, instanceType }: KafkaClusterProps) {
  if (storage === 'express') return { instanceType: `express.${instanceType}` };
  return { instanceType: `kafka.${instanceType}`, storageInfo: { ebsStorageInfo: { volumeSize: storage.gibibytes } } };
}

/**
 * Owners make their logs’ topics with settings of their own; a partition never elects a leader that misses records (L1). Express
 * brokers fix the copies and the election themselves and refuse to be told.
 */
function serverProperties({ storage, replicas = LOG_REPLICAS, replicasInSyncMin = LOG_REPLICAS_IN_SYNC_MIN }: KafkaClusterProps): string {
  const durability = [
    `default.replication.factor=${numberText(replicas)}`,
    `min.insync.replicas=${numberText(replicasInSyncMin)}`,
    'unclean.leader.election.enable=false',
  ];
  return [
    'auto.create.topics.enable=false',
    ...(storage === 'express' ? [] : durability),
    `message.max.bytes=${LOG_BATCH_BYTES_MAX}`,
    'num.partitions=1',
  ].join('\n');
}

function privateConnectivity() {
  return {
    vpcConnectivity: { clientAuthentication: { sasl: { iam: { enabled: true }, scram: { enabled: false } }, tls: { enabled: false } } },
  };
}

/** MSK’s replicators come as the service, and connect as their role. */
function replicatorPolicy(clusterArn: string) {
  const statement = {
    Effect: 'Allow',
    Principal: { Service: 'kafka.amazonaws.com' },
    Action: ['kafka:CreateVpcConnection', 'kafka:GetBootstrapBrokers', 'kafka:DescribeClusterV2'],
    Resource: clusterArn,
    Condition: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
  };
  return { Version: '2012-10-17', Statement: [statement] };
}

function exporters() {
  return { jmxExporter: { enabledInBroker: true }, nodeExporter: { enabledInBroker: true } };
}

function ownerPolicy() {
  const owner = { AWS: `arn:${Aws.PARTITION}:iam::${Aws.ACCOUNT_ID}:root` };
  return { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: owner, Action: 'kms:*', Resource: '*' }] };
}
