import assert from 'node:assert/strict';
import { Template } from 'aws-cdk-lib/assertions';
import { App, Stack } from 'aws-cdk-lib/core';
import { expectParameterSize } from '../../../constructs/aws/pointed-document.ts';
import { ScyllaNodes } from '../../../constructs/aws/scylla-nodes.ts';

const network = { vpcId: 'vpc-1', clientSecurityGroupIds: ['sg-core'] };

function templateOf(add: (stack: Stack) => void): Template {
  const stack = new Stack(new App(), 'test');
  add(stack);
  return Template.fromStack(stack);
}

describe('ScyllaDB nodes', () => {
  it('keep their interfaces, take racks from zones in turn and start from three seeds', () => {
    const template = templateOf((stack) => {
      const zones = ['apne1-az1', 'apne1-az2', 'apne1-az4'].map((zoneId) => ({ zoneId, subnetId: `subnet-${zoneId}` }));
      const place = { name: 'iris-growth-tokyo-store', dataCentre: 'tokyo', zones };
      new ScyllaNodes(stack, 'Scylla', { ...network, ...place, nodes: 6, instanceType: 'i8g.4xlarge', imageId: 'ami-0123456789abcdef0' });
    });
    template.resourceCountIs('AWS::EC2::Instance', 6);
    template.allResources('AWS::EC2::NetworkInterface', { DeletionPolicy: 'Retain' });
    template.allResources('AWS::EC2::Instance', { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    template.hasResourceProperties('AWS::EC2::NetworkInterface', {
      SubnetId: 'subnet-apne1-az4',
      Description: 'iris-growth-tokyo-store-5',
    });
    const userData = JSON.stringify(Object.values(template.findResources('AWS::EC2::Instance'))[5]?.['Properties'].UserData);
    assert.equal(userData.match(/PrimaryPrivateIpAddress/g)?.length, 3);
    const [script] = userData.match(/(?<=post_configuration_script\\":\\")[^\\]+/) ?? [''];
    assert.match(Buffer.from(script, 'base64').toString(), /dc=tokyo\nrack=apne1-az4/);
  });
});

describe('pointer', () => {
  it('fails above the 4 KB that SSM takes, which the template validator does not see', () => {
    assert.throws(() => expectParameterSize('/iris/x', 'x'.repeat(4_097)), {
      code: 'SYNTH_FAILED',
      message: 'parameter /iris/x is 4097 bytes, SSM takes 4096; point to a document instead',
    });
    expectParameterSize('/iris/x', 'x'.repeat(4_096));
  });
});
