import assert from 'node:assert/strict';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { App, Stack } from 'aws-cdk-lib/core';
import { ConfigRollout } from '../../../constructs/aws/config-rollout.ts';
import { PointedDocument } from '../../../constructs/aws/pointed-document.ts';

function templateOf(text: string): Template {
  const app = new App();
  const stack = new Stack(app, 'test');
  const documents = ['edge', 'core'].map((role) => {
    const pointer = new PointedDocument(stack, role, { parameterName: `/iris/${role}`, fileName: `${role}.nodeconfig`, text });
    return { role, pointer };
  });
  new ConfigRollout(stack, 'Rollout', {
    name: 'iris-proof-tokyo',
    documents,
    alarmArns: ['arn:aws:cloudwatch:us-east-1:1:alarm:iris-proof-tokyo-config-rejected'],
  });
  return Template.fromStack(stack);
}

describe('config rollout (X9)', () => {
  const template = templateOf('{"version":1}');
  const deployments = Object.entries(template.findResources('AWS::AppConfig::Deployment'));

  it('goes a fifth at a time over 20 minutes, and is watched for 10 more', () => {
    template.hasResourceProperties('AWS::AppConfig::DeploymentStrategy', {
      GrowthType: 'LINEAR',
      GrowthFactor: 20,
      DeploymentDurationInMinutes: 20,
      FinalBakeTimeInMinutes: 10,
    });
  });

  it('is taken back by the alarm, which AppConfig may read and nothing else', () => {
    const alarm = 'arn:aws:cloudwatch:us-east-1:1:alarm:iris-proof-tokyo-config-rejected';
    template.allResourcesProperties('AWS::AppConfig::Environment', { Monitors: [{ AlarmArn: alarm, AlarmRoleArn: Match.anyValue() }] });
    template.hasResourceProperties('AWS::IAM::Role', {
      Policies: [
        {
          PolicyName: 'alarms',
          PolicyDocument: Match.objectLike({ Statement: [{ Effect: 'Allow', Action: ['cloudwatch:DescribeAlarms'], Resource: [alarm] }] }),
        },
      ],
    });
  });

  it('gives the parameter, from which new nodes begin, the new pointer only after the rollout', () => {
    for (const role of ['edge', 'core']) {
      const [deployment] = deployments.find(([id]) => id.includes(role))!;
      const [parameter] = Object.values(template.findResources('AWS::SSM::Parameter', { Properties: { Name: `/iris/${role}` } }));
      assert.deepEqual(parameter!['DependsOn'], [deployment], role);
    }
  });

  it('rolls cores out after edges', () => {
    const [edge, core] = ['edge', 'core'].map((role) => deployments.find(([id]) => id.includes(role))!);
    assert.ok(core![1]['DependsOn'].includes(edge![0]));
  });

  it('tells pointers only: what is none is refused by AppConfig’s own validator', () => {
    for (const { Properties } of Object.values(template.findResources('AWS::AppConfig::ConfigurationProfile'))) {
      const schema = JSON.parse(Properties.Validators[0].Content);
      assert.deepEqual([schema.required, schema.additionalProperties], [['bucket', 'key', 'sha256'], false]);
    }
    const versions = JSON.stringify(Object.values(template.findResources('AWS::AppConfig::HostedConfigurationVersion')));
    assert.match(versions, /sha256/);
    assert.doesNotMatch(versions, /version\\+":1/);
  });
});
