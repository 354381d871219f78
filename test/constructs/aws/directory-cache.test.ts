import assert from 'node:assert/strict';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { App, Stack } from 'aws-cdk-lib/core';
import { DirectoryCache } from '../../../constructs/aws/directory-cache.ts';

describe('session directory', () => {
  let template: Template;

  beforeAll(() => {
    const stack = new Stack(new App(), 'test');
    new DirectoryCache(stack, 'Directory', {
      vpcId: 'vpc-1',
      clientSecurityGroupIds: ['sg-edge', 'sg-core'],
      nodeGroups: 2,
      replicasPerGroup: 1,
      instanceType: 'r7g.large',
      name: 'iris-growth-tokyo-directory',
      subnetIds: ['a', 'b'],
    });
    template = Template.fromStack(stack);
  });

  it('is Valkey in cluster mode over several zones, kept when its stack goes (D8)', () => {
    template.hasResource('AWS::ElastiCache::ReplicationGroup', {
      DeletionPolicy: 'Retain',
      Properties: {
        Engine: 'valkey',
        ClusterMode: 'enabled',
        CacheNodeType: 'cache.r7g.large',
        NumNodeGroups: 2,
        ReplicasPerNodeGroup: 1,
        MultiAZEnabled: true,
        AutomaticFailoverEnabled: true,
      },
    });
  });

  it('takes TLS only, and encrypts at rest (A17)', () => {
    template.hasResourceProperties('AWS::ElastiCache::ReplicationGroup', {
      TransitEncryptionEnabled: true,
      TransitEncryptionMode: 'required',
      AtRestEncryptionEnabled: true,
    });
  });

  it('has one user who logs in by IAM, no default user and no password anywhere (A13)', () => {
    template.hasResourceProperties('AWS::ElastiCache::User', {
      UserId: 'iris-growth-tokyo-directory',
      UserName: 'iris-growth-tokyo-directory',
      AuthenticationMode: { Type: 'iam' },
      AccessString: 'on ~* &* +@all -@admin -@dangerous +info',
      Passwords: Match.absent(),
      NoPasswordRequired: Match.absent(),
    });
    template.resourceCountIs('AWS::ElastiCache::User', 1);
    const [users] = Object.values(template.findResources('AWS::ElastiCache::UserGroup'));
    assert.equal(users?.['Properties'].UserIds.length, 1);
    template.hasResourceProperties('AWS::ElastiCache::ReplicationGroup', { AuthToken: Match.absent(), UserGroupIds: [Match.anyValue()] });
  });

  it('delivers its slow and its engine log', () => {
    template.hasResourceProperties('AWS::ElastiCache::ReplicationGroup', {
      LogDeliveryConfigurations: [Match.objectLike({ LogType: 'slow-log' }), Match.objectLike({ LogType: 'engine-log' })],
    });
    template.allResourcesProperties('AWS::Logs::LogGroup', { RetentionInDays: 30 });
  });

  it('lets edges and cores in, and nobody else (A15)', () => {
    const open = Object.values(template.findResources('AWS::EC2::SecurityGroupIngress')).map(({ Properties }) => [
      Properties.FromPort,
      Properties.ToPort,
      Properties.SourceSecurityGroupId,
    ]);
    assert.deepEqual(open, [
      [6379, 6379, 'sg-edge'],
      [6379, 6379, 'sg-core'],
    ]);
  });
});
