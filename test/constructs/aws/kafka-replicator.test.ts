import assert from 'node:assert/strict';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { App, Stack } from 'aws-cdk-lib/core';
import { KafkaReplicator, type KafkaReplicatorProps } from '../../../constructs/aws/kafka-replicator.ts';

const SOURCE = 'arn:aws:kafka:eu-central-1:111111111111:cluster/chat-frankfurt/0123-1';
const TARGET = 'arn:aws:kafka:eu-west-1:111111111111:cluster/chat-ireland/4567-2';
const subnetIds = ['a', 'b', 'c'];
const props: KafkaReplicatorProps = {
  name: 'frankfurt-to-ireland',
  source: { clusterArn: SOURCE, awsRegion: 'eu-central-1', subnetIds },
  target: { clusterArn: TARGET, awsRegion: 'eu-west-1', subnetIds, securityGroupIds: ['sg-replicators'] },
  topics: ['orders.*'],
};

function templateOf(changes: Partial<KafkaReplicatorProps> = {}): Template {
  const stack = new Stack(new App(), 'test', { env: { region: 'eu-west-1' } });
  new KafkaReplicator(stack, 'Replicator', { ...props, ...changes });
  return Template.fromStack(stack);
}

describe('Kafka replicator', () => {
  it('copies topics of a source elsewhere, which takes no security groups, under names that tell whose they are, from the earliest record', () => {
    templateOf().hasResourceProperties('AWS::MSK::Replicator', {
      ReplicatorName: 'frankfurt-to-ireland',
      KafkaClusters: [
        { AmazonMskCluster: { MskClusterArn: SOURCE }, VpcConfig: { SubnetIds: subnetIds, SecurityGroupIds: Match.absent() } },
        { AmazonMskCluster: { MskClusterArn: TARGET }, VpcConfig: { SubnetIds: subnetIds, SecurityGroupIds: ['sg-replicators'] } },
      ],
      ReplicationInfoList: [
        {
          SourceKafkaClusterArn: SOURCE,
          TargetKafkaClusterArn: TARGET,
          TargetCompressionType: 'NONE',
          TopicReplication: {
            TopicsToReplicate: ['orders.*'],
            TopicsToExclude: Match.absent(),
            TopicNameConfiguration: { Type: 'PREFIXED_WITH_SOURCE_CLUSTER_ALIAS' },
            StartingPosition: { Type: 'EARLIEST' },
            DetectAndCopyNewTopics: true,
          },
          ConsumerGroupReplication: { ConsumerGroupsToReplicate: [] },
        },
      ],
    });
  });

  it('is told otherwise by its props', () => {
    const changes = {
      topicsExcluded: ['orders.test'],
      topicNames: 'identical',
      startsAt: 'latest',
      compression: 'ZSTD',
      consumerGroups: ['g'],
    } as const;
    templateOf(changes).hasResourceProperties('AWS::MSK::Replicator', {
      ReplicationInfoList: [
        {
          TargetCompressionType: 'ZSTD',
          TopicReplication: {
            TopicsToExclude: ['orders.test'],
            TopicNameConfiguration: { Type: 'IDENTICAL' },
            StartingPosition: { Type: 'LATEST' },
          },
          ConsumerGroupReplication: { ConsumerGroupsToReplicate: ['g'] },
        },
      ],
    });
  });

  it('may use its two clusters and no other, as MSK for this account only (A13)', () => {
    const [role] = Object.values(templateOf().findResources('AWS::IAM::Role'));
    const { AssumeRolePolicyDocument, Policies } = role!['Properties'];
    assert.deepEqual(AssumeRolePolicyDocument.Statement[0].Condition, { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } });
    const [clusters, topics, groups] = Policies[0].PolicyDocument.Statement;
    assert.deepEqual(clusters.Resource, [SOURCE, TARGET]);
    assert.deepEqual(
      topics.Resource,
      [SOURCE, TARGET].map((arn) => `${arn.replace(':cluster/', ':topic/')}/*`),
    );
    assert.deepEqual(
      groups.Resource,
      [SOURCE, TARGET].map((arn) => `${arn.replace(':cluster/', ':group/')}/*`),
    );
    for (const { Action } of [clusters, topics, groups]) for (const action of Action) assert.match(action, /^kafka-cluster:\w+$/);
  });

  const { securityGroupIds: _, ...ungrouped } = props.target;
  it.each<[string, Partial<KafkaReplicatorProps>, RegExp]>([
    [
      'clusters of two accounts',
      { source: { ...props.source, clusterArn: SOURCE.replace('111111111111', '222222222222') } },
      /source is in account 222222222222, the target in 111111111111; MSK replicates inside one account/,
    ],
    ['a cluster and itself', { source: { ...props.source, clusterArn: TARGET } }, /same cluster; name two/],
    ['a target elsewhere', { target: { ...props.target, awsRegion: 'us-east-1' } }, /target is in us-east-1, the stack in eu-west-1/],
    ['security groups of a source elsewhere', { source: { ...props.source, securityGroupIds: ['sg-1'] } }, /takes no security groups here/],
    ['a source beside the target without any', { source: { ...props.source, awsRegion: 'eu-west-1' } }, /give it securityGroupIds/],
    ['a target without any', { target: ungrouped }, /the target has no securityGroupIds/],
  ])('fails on %s', (_what, changes, message) => {
    assert.throws(() => templateOf(changes), { code: 'SYNTH_FAILED', message });
  });
});
