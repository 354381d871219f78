import assert from 'node:assert/strict';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { App, Stack } from 'aws-cdk-lib/core';
import { type MonitoredAlarm, RegionMonitoring } from '../../../constructs/aws/region-monitoring.ts';

const connections = { namespace: 'Iris/Node', name: 'iris_connections', dimensions: { Region: 'tokyo' }, statistic: 'Sum' };
const usual = { description: 'x', comparison: 'above', threshold: 1, periodSeconds: 60, periods: 3 } as const;
const alarms: readonly MonitoredAlarm[] = [
  { ...usual, key: 'edge-full', name: 'iris-edge-full', metrics: { open: connections }, pages: true },
  { ...usual, key: 'edge-calm', name: 'iris-edge-calm', metrics: { open: connections }, expression: 'DIFF(open)', pages: false },
  {
    ...usual,
    key: 'disks',
    name: 'iris-disks',
    metrics: { all: { query: 'SELECT MAX(x) FROM SCHEMA("AWS/EBS", VolumeId)' } },
    pages: true,
  },
];

function monitor(pager?: { protocol: 'https'; endpoint: string }): Template {
  const stack = new Stack(new App(), 'test');
  new RegionMonitoring(stack, 'Monitoring', {
    name: 'iris-region',
    awsRegion: 'eu-central-1',
    alarms,
    pagesTopicName: 'iris-pages',
    noticesTopicName: 'iris-notices',
    panels: [{ title: 'Connections', metrics: [{ ...connections, label: 'open' }], threshold: 5 }],
    heading: '# test',
    ...(pager && { pager }),
  });
  return Template.fromStack(stack);
}

describe('monitoring of a region', () => {
  const template = monitor({ protocol: 'https', endpoint: 'https://pager.example.com' });

  it('pages once, by a composite alarm that comes after its parts, and tells by day what can wait', () => {
    template.hasResource('AWS::CloudWatch::CompositeAlarm', {
      Properties: { AlarmName: 'iris-region', AlarmRule: 'ALARM("iris-edge-full") OR ALARM("iris-disks")' },
      DependsOn: [Match.stringLikeRegexp('Disks'), Match.stringLikeRegexp('EdgeFull')],
    });
    template.hasResourceProperties('AWS::CloudWatch::Alarm', { AlarmName: 'iris-edge-full', AlarmActions: Match.absent() });
    template.hasResourceProperties('AWS::CloudWatch::Alarm', { AlarmName: 'iris-edge-calm', AlarmActions: [Match.anyValue()] });
  });

  it('asks for one series: the metric, the formula over it, or the query with its period', () => {
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: 'iris-edge-calm',
      Metrics: [
        { Id: 'open', MetricStat: { Period: 60, Stat: 'Sum' }, ReturnData: false },
        { Id: 'result', Expression: 'DIFF(open)', ReturnData: true },
      ],
    });
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: 'iris-disks',
      Metrics: [{ Id: 'all', Expression: 'SELECT MAX(x) FROM SCHEMA("AWS/EBS", VolumeId)', Period: 60, ReturnData: true }],
    });
  });

  it('publishes through encrypted topics that only CloudWatch of this account may use, over TLS (A17)', () => {
    template.allResourcesProperties('AWS::SNS::Topic', { KmsMasterKeyId: Match.anyValue() });
    template.hasResourceProperties('AWS::KMS::Key', {
      KeyPolicy: { Statement: Match.arrayWith([Match.objectLike({ Principal: { Service: 'cloudwatch.amazonaws.com' } })]) },
    });
    const policies = Object.values(template.findResources('AWS::SNS::TopicPolicy'));
    assert.equal(policies.length, 2);
    for (const policy of policies) assert.match(JSON.stringify(policy), /aws:SourceAccount.*"Deny".*aws:SecureTransport/s);
  });

  it('subscribes a pager where there is one, and nobody otherwise', () => {
    template.resourcePropertiesCountIs('AWS::SNS::Subscription', { Protocol: 'https', Endpoint: 'https://pager.example.com' }, 1);
    monitor().resourceCountIs('AWS::SNS::Subscription', 0);
  });

  it('draws its panels and lists every alarm of its own account', () => {
    const [dashboard] = Object.values(template.findResources('AWS::CloudWatch::Dashboard'));
    const [, parts] = dashboard!['Properties'].DashboardBody['Fn::Join'] as [string, (string | { Ref: string })[]];
    const body = parts.map((part) => (typeof part === 'string' ? part : `<${part.Ref}>`)).join('');
    const { widgets } = JSON.parse(body) as { widgets: { type: string; properties: never }[] };
    assert.deepEqual(
      widgets[1]?.properties['alarms'],
      ['iris-region', 'iris-edge-full', 'iris-edge-calm', 'iris-disks'].map(
        (name) => `arn:<AWS::Partition>:cloudwatch:eu-central-1:<AWS::AccountId>:alarm:${name}`,
      ),
    );
    assert.deepEqual(widgets[2]?.properties['metrics'], [
      ['Iris/Node', 'iris_connections', 'Region', 'tokyo', { stat: 'Sum', label: 'open' }],
    ]);
  });
});
