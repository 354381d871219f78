import { Match, Template } from 'aws-cdk-lib/assertions';
import { App, Stack } from 'aws-cdk-lib/core';
import { RegionNetwork } from '../../../constructs/aws/region-network.ts';

describe('a region’s network', () => {
  it('makes gateways and their addresses only after it has a way out: EC2 refuses them before', () => {
    const stack = new Stack(new App(), 'Network');
    new RegionNetwork(stack, 'Network', {
      name: 'iris-proof-tokyo',
      awsRegion: 'ap-northeast-1',
      cidr: '10.0.0.0/16',
      zones: [{ zoneId: 'apne1-az1', publicCidr: '10.0.0.0/19', privateCidr: '10.0.128.0/19' }],
      hasNatGateways: true,
    });
    const after = { DependsOn: [Match.stringLikeRegexp('InternetGatewayAttachment')] };
    for (const type of ['AWS::EC2::EIP', 'AWS::EC2::NatGateway']) Template.fromStack(stack).hasResource(type, after);
  });
});
