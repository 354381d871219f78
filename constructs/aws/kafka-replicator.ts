import { CfnRole } from 'aws-cdk-lib/aws-iam';
import { CfnReplicator } from 'aws-cdk-lib/aws-msk';
import { Aws, Fn, Stack, Token } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { IrisError } from '../../runtime/contract/errors.ts';
import type { PolicyStatement } from './node-role.ts';

/** One end of a replication. */
export interface ReplicatedCluster {
  /** Of a cluster of this account, with IAM. */
  readonly clusterArn: string;
  readonly awsRegion: string;
  /** The cluster’s own subnets, or others in the zones of its brokers. */
  readonly subnetIds: readonly string[];
  /**
   * Groups of the interfaces that reach the brokers; the cluster has to take them as clients. A source in another AWS region is reached by
   * private connectivity and takes none.
   * @default none
   */
  readonly securityGroupIds?: readonly string[];
}

export interface KafkaReplicatorProps {
  /** At most 128 letters, digits and dashes; frozen, as are both clusters and `topicNames`. */
  readonly name: string;
  /** In another AWS region it must have `allowsReplication` (`KafkaCluster`). */
  readonly source: ReplicatedCluster;
  /** In the AWS region of this stack. */
  readonly target: ReplicatedCluster;
  /** Regular expressions; topics that come later and match are copied too. MSK copies 750 topics at most. */
  readonly topics: readonly string[];
  /** Regular expressions of what is left out of `topics`. @default none */
  readonly topicsExcluded?: readonly string[];
  /**
   * `prefixed` puts the source’s alias before the name, so that two clusters may copy to each other. `identical` keeps names, and MSK marks records so that they do
   * not come back.
   * @default 'prefixed' - a copy is never taken for a topic of the cluster’s own
   */
  readonly topicNames?: 'prefixed' | 'identical';
  /** Regular expressions of consumer groups whose offsets are copied. @default none */
  readonly consumerGroups?: readonly string[];
  /** Where a topic’s copy begins. @default 'earliest' - everything that the source still has */
  readonly startsAt?: 'earliest' | 'latest';
  /** Compression of the records that the replicator writes. @default 'NONE' - batches stay as their producers made them */
  readonly compression?: 'NONE' | 'GZIP' | 'SNAPPY' | 'LZ4' | 'ZSTD';
}

/** What MSK’s own policy for replicators allows, on two clusters instead of all. */
const USE_CLUSTER = ['Connect', 'DescribeCluster', 'AlterCluster', 'WriteDataIdempotently'];
const COPY_TOPICS = [
  'DescribeTopic',
  'CreateTopic',
  'AlterTopic',
  'WriteData',
  'ReadData',
  'DescribeTopicDynamicConfiguration',
  'AlterTopicDynamicConfiguration',
];
const COPY_GROUPS = ['AlterGroup', 'DescribeGroup'];

/**
 * Copies topics of one Kafka cluster into another, by MSK Replicator: one direction, asynchronous, at least once, and paid by the hour and the gigabyte. It suits
 * few clusters of one account: an account has 15 replicators, and each pair takes two. Iris itself does without (decision 0062).
 */
export class KafkaReplicator extends Construct {
  readonly replicatorArn: string;

  /** @throws IrisError SYNTH_FAILED for clusters that MSK would not join. */
  constructor(scope: Construct, id: string, props: KafkaReplicatorProps) {
    super(scope, id);
    expectJoinable(props, Stack.of(this).region);
    const { source, target } = props;
    this.replicatorArn = new CfnReplicator(this, 'Replicator', {
      replicatorName: props.name,
      kafkaClusters: [source, target].map(clusterOf),
      replicationInfoList: [
        {
          sourceKafkaClusterArn: source.clusterArn,
          targetKafkaClusterArn: target.clusterArn,
          targetCompressionType: props.compression ?? 'NONE',
          topicReplication: topicsOf(props),
          consumerGroupReplication: { consumerGroupsToReplicate: [...(props.consumerGroups ?? [])] },
        },
      ],
      serviceExecutionRoleArn: this.addRole([source.clusterArn, target.clusterArn]),
    }).attrReplicatorArn;
  }

  private addRole(clusters: readonly string[]): string {
    const allow = (actions: readonly string[], resources: readonly string[]): PolicyStatement => ({
      Effect: 'Allow',
      Action: actions.map((action) => `kafka-cluster:${action}`),
      Resource: resources,
    });
    const partOf = (kind: 'topic' | 'group') => clusters.map((arn) => `${Fn.join(`:${kind}/`, Fn.split(':cluster/', arn, 2))}/*`);
    const statements = [allow(USE_CLUSTER, clusters), allow(COPY_TOPICS, partOf('topic')), allow(COPY_GROUPS, partOf('group'))];
    return new CfnRole(this, 'Role', {
      assumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { Service: 'kafka.amazonaws.com' },
            Action: 'sts:AssumeRole',
            Condition: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
          },
        ],
      },
      policies: [{ policyName: 'replicator', policyDocument: { Version: '2012-10-17', Statement: statements } }],
    }).attrArn;
  }
}

function clusterOf({ clusterArn, subnetIds, securityGroupIds }: ReplicatedCluster): CfnReplicator.KafkaClusterProperty {
  return {
    amazonMskCluster: { mskClusterArn: clusterArn },
    vpcConfig: { subnetIds: [...subnetIds], ...(securityGroupIds && { securityGroupIds: [...securityGroupIds] }) },
  };
}

/** Kafka’s own access lists stay behind: clusters with IAM have none. */
function topicsOf({ topics, topicsExcluded, topicNames, startsAt }: KafkaReplicatorProps): CfnReplicator.TopicReplicationProperty {
  return {
    topicsToReplicate: [...topics],
    ...(topicsExcluded && { topicsToExclude: [...topicsExcluded] }),
    topicNameConfiguration: { type: topicNames === 'identical' ? 'IDENTICAL' : 'PREFIXED_WITH_SOURCE_CLUSTER_ALIAS' },
    startingPosition: { type: startsAt === 'latest' ? 'LATEST' : 'EARLIEST' },
    copyAccessControlListsForTopics: false,
    copyTopicConfigurations: true,
    detectAndCopyNewTopics: true,
  };
}

function expectJoinable({ name, source, target }: KafkaReplicatorProps, stackRegion: string): void {
  const refuse = (reason: string): never => {
    throw new IrisError('SYNTH_FAILED', `replicator ${name}: ${reason}`);
  };
  if (!Token.isUnresolved(stackRegion) && target.awsRegion !== stackRegion)
    refuse(`the target is in ${target.awsRegion}, the stack in ${stackRegion}; make it in the target’s region`);
  if (source.clusterArn === target.clusterArn) refuse('source and target are the same cluster; name two');
  const [from, to] = [accountOf(source), accountOf(target)];
  if (from !== to && from !== null && to !== null)
    refuse(`the source is in account ${from}, the target in ${to}; MSK replicates inside one account`);
  const isAway = source.awsRegion !== target.awsRegion;
  if (isAway && source.securityGroupIds !== undefined)
    refuse(`the source is in ${source.awsRegion} and takes no security groups here; leave them out`);
  if (!isAway && source.securityGroupIds === undefined) refuse('the source is in the same AWS region; give it securityGroupIds');
  if (target.securityGroupIds === undefined) refuse('the target has no securityGroupIds; name one that it takes as a client');
}

/** Null where the ARN is known at deployment only. */
function accountOf({ clusterArn }: ReplicatedCluster): string | null {
  return Token.isUnresolved(clusterArn) ? null : (clusterArn.split(':')[4] ?? null);
}
