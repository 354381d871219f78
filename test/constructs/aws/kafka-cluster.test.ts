import assert from 'node:assert/strict';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { App, Stack } from 'aws-cdk-lib/core';
import { KafkaCluster, type KafkaClusterProps } from '../../../constructs/aws/kafka-cluster.ts';
import { LOG_REPLICAS, logTopicSettings } from '../../../runtime/contract/log-topic.ts';

const standard: KafkaClusterProps = {
  vpcId: 'vpc-1',
  clientSecurityGroupIds: ['sg-core'],
  subnetIds: ['a', 'b', 'c'],
  name: 'iris-growth-tokyo-bus',
  brokers: 3,
  instanceType: 'm7g.large',
  storage: { gibibytes: 500, gibibytesMax: 2_000 },
};
const express: KafkaClusterProps = { ...standard, storage: 'express' };

function templateOf(props: KafkaClusterProps): Template {
  const stack = new Stack(new App(), 'test');
  new KafkaCluster(stack, 'Kafka', props);
  return Template.fromStack(stack);
}

function propertiesOf(template: Template): string {
  const [configuration] = Object.values(template.findResources('AWS::MSK::Configuration'));
  return configuration?.['Properties'].ServerProperties;
}

describe('Kafka cluster', () => {
  it('acknowledges on two of three replicas, over TLS with IAM only, encrypted by a key of its own (A17)', () => {
    const template = templateOf(standard);
    template.hasResourceProperties('AWS::MSK::Cluster', {
      KafkaVersion: '3.9.x.kraft',
      BrokerNodeGroupInfo: { InstanceType: 'kafka.m7g.large', StorageInfo: { EBSStorageInfo: { VolumeSize: 500 } } },
      ClientAuthentication: { Sasl: { Iam: { Enabled: true } }, Unauthenticated: { Enabled: false } },
      EncryptionInfo: { EncryptionInTransit: { ClientBroker: 'TLS', InCluster: true } },
      LoggingInfo: { BrokerLogs: { CloudWatchLogs: { Enabled: true } } },
      EnhancedMonitoring: 'PER_BROKER',
      OpenMonitoring: Match.absent(),
    });
    assert.match(propertiesOf(template), /min.insync.replicas=2\nunclean.leader.election.enable=false/);
    template.hasResourceProperties('AWS::EC2::SecurityGroupIngress', { FromPort: 9098, ToPort: 9098, SourceSecurityGroupId: 'sg-core' });
    template.resourceCountIs('AWS::EC2::SecurityGroupIngress', 1);
  });

  it('is told what the topics of logs are made with, and keeps as many copies (L1)', () => {
    const properties = new Map(
      propertiesOf(templateOf(standard))
        .split('\n')
        .map((line) => line.split('=') as [string, string]),
    );
    const settings = new Map(logTopicSettings(LOG_REPLICAS).map(({ name, value }) => [name, value]));
    expect(properties.get('default.replication.factor')).toBe(String(LOG_REPLICAS));
    expect(properties.get('message.max.bytes')).toBe(settings.get('max.message.bytes'));
    for (const name of ['min.insync.replicas', 'unclean.leader.election.enable']) expect(properties.get(name)).toBe(settings.get(name));
  });

  it('runs on the newest revision of its configuration, so that a changed property reaches the brokers', () => {
    templateOf(standard).hasResourceProperties('AWS::MSK::Cluster', {
      ConfigurationInfo: { Revision: { 'Fn::GetAtt': [Match.anyValue(), 'LatestRevision.Revision'] } },
    });
  });

  it('grows volumes that are 60 % full up to their bound, and never shrinks them', () => {
    const template = templateOf(standard);
    template.hasResourceProperties('AWS::ApplicationAutoScaling::ScalableTarget', { MaxCapacity: 2_000, ServiceNamespace: 'kafka' });
    template.hasResourceProperties('AWS::ApplicationAutoScaling::ScalingPolicy', {
      TargetTrackingScalingPolicyConfiguration: { TargetValue: 60, DisableScaleIn: true },
    });
  });

  it('of Express brokers has no volumes, and tells them nothing that they decide themselves', () => {
    const template = templateOf(express);
    template.hasResourceProperties('AWS::MSK::Cluster', {
      BrokerNodeGroupInfo: { InstanceType: 'express.m7g.large', StorageInfo: Match.absent() },
    });
    template.resourceCountIs('AWS::ApplicationAutoScaling::ScalableTarget', 0);
    assert.equal(propertiesOf(template), 'auto.create.topics.enable=false\nmessage.max.bytes=2097152\nnum.partitions=1');
  });

  it('opens its exporters to the scraper that is named, and to nobody else', () => {
    const template = templateOf({ ...standard, scraperSecurityGroupIds: ['sg-scraper'] });
    template.hasResourceProperties('AWS::MSK::Cluster', { OpenMonitoring: { Prometheus: { JmxExporter: { EnabledInBroker: true } } } });
    for (const port of [11_001, 11_002]) {
      template.hasResourceProperties('AWS::EC2::SecurityGroupIngress', { FromPort: port, SourceSecurityGroupId: 'sg-scraper' });
    }
  });

  it('lets MSK’s replicators of other AWS regions in where that is asked for, by IAM alone', () => {
    const template = templateOf({ ...standard, allowsReplication: true });
    template.hasResourceProperties('AWS::MSK::Cluster', {
      BrokerNodeGroupInfo: {
        ConnectivityInfo: {
          VpcConnectivity: {
            ClientAuthentication: { Sasl: { Iam: { Enabled: true }, Scram: { Enabled: false } }, Tls: { Enabled: false } },
          },
        },
      },
    });
    template.hasResourceProperties('AWS::MSK::ClusterPolicy', {
      Policy: {
        Statement: [
          {
            Principal: { Service: 'kafka.amazonaws.com' },
            Action: ['kafka:CreateVpcConnection', 'kafka:GetBootstrapBrokers', 'kafka:DescribeClusterV2'],
            Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
          },
        ],
      },
    });
    const closed = templateOf(standard);
    closed.resourceCountIs('AWS::MSK::ClusterPolicy', 0);
    closed.hasResourceProperties('AWS::MSK::Cluster', { BrokerNodeGroupInfo: { ConnectivityInfo: Match.absent() } });
  });

  it.each([
    ['brokers that do not spread over the zones', { ...standard, brokers: 4 }, '4 brokers over 3 zones: use a multiple of the zones'],
    ['Express brokers in two zones', { ...express, brokers: 6, subnetIds: ['a', 'b'] }, 'Express brokers in 2 zones: name 3 subnets'],
    [
      'Express brokers of a version without them',
      { ...express, kafkaVersion: '4.0.x.kraft' },
      'Express brokers with Kafka 4.0.x.kraft: use 3.6, 3.8 or 3.9',
    ],
    [
      'Express brokers with two copies',
      { ...express, replicas: 2 },
      'Express brokers keep 3 copies of which 2 acknowledge: leave both out',
    ],
  ])('fails on %s', (_, props, message) => {
    assert.throws(() => templateOf(props), { code: 'SYNTH_FAILED', message });
  });
});
