import assert from 'node:assert/strict';
import { Template } from 'aws-cdk-lib/assertions';
import { App, Stack } from 'aws-cdk-lib/core';
import { type AnycastRegion, AnycastRouting } from '../../../constructs/aws/anycast-routing.ts';

const at = (code: string, awsRegion: string, weight?: number): AnycastRegion => ({
  code,
  awsRegion,
  loadBalancerArn: `arn:${code}`,
  ...(weight === undefined ? {} : { weight }),
});

function route(regions: readonly AnycastRegion[], addresses?: readonly string[]): Template {
  const stack = new Stack(new App(), 'test');
  const record = { hostedZoneId: 'Z1', host: 'edge.example.com' };
  new AnycastRouting(stack, 'Anycast', { name: 'iris', clientPort: 8443, regions, record, ...(addresses && { addresses }) });
  return Template.fromStack(stack);
}

describe('anycast (G3)', () => {
  it('has one endpoint group for each AWS region, with every load balancer there by its weight', () => {
    const template = route([at('tokyo', 'ap-northeast-1', 200), at('frankfurt', 'eu-central-1'), at('tokyo2', 'ap-northeast-1', 50)]);
    template.resourceCountIs('AWS::GlobalAccelerator::EndpointGroup', 2);
    template.hasResourceProperties('AWS::GlobalAccelerator::EndpointGroup', {
      EndpointGroupRegion: 'ap-northeast-1',
      EndpointConfigurations: [
        { EndpointId: 'arn:tokyo', Weight: 200 },
        { EndpointId: 'arn:tokyo2', Weight: 50 },
      ],
    });
    template.hasResourceProperties('AWS::GlobalAccelerator::Listener', { Protocol: 'TCP', PortRanges: [{ FromPort: 8443, ToPort: 8443 }] });
    template.hasResourceProperties('AWS::Route53::RecordSet', {
      Name: 'edge.example.com',
      AliasTarget: { HostedZoneId: 'Z2BJ6XQ5FK7U4H' },
    });
  });

  it('takes addresses of one’s own (BYOIP), else Amazon’s', () => {
    route([at('tokyo', 'ap-northeast-1')], ['203.0.113.10']).hasResourceProperties('AWS::GlobalAccelerator::Accelerator', {
      IpAddresses: ['203.0.113.10'],
    });
    const [accelerator] = Object.values(route([at('tokyo', 'ap-northeast-1')]).findResources('AWS::GlobalAccelerator::Accelerator'));
    assert.equal(accelerator!['Properties'].IpAddresses, undefined);
  });

  it('fails above what an accelerator takes: 42 AWS regions, 10 load balancers in one', () => {
    const many = Array.from({ length: 43 }, (_, index) => at(`r${index}`, `region-${index}`));
    assert.throws(() => route(many), { code: 'SYNTH_FAILED', message: /43 AWS regions, an accelerator takes 42/ });
    const together = Array.from({ length: 11 }, (_, index) => at(`r${index}`, 'eu-central-1'));
    assert.throws(() => route(together), { code: 'SYNTH_FAILED', message: /11 regions in eu-central-1, an endpoint group takes 10/ });
  });
});
