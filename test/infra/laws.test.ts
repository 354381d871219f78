import assert from 'node:assert/strict';
import { proof } from '../../environments/proof.ts';
import { createPlan } from '../../infra/plan/create-plan.ts';
import type { Resource } from './apps/template.ts';
import { overlapProblems } from './laws/addresses.ts';
import type { DeployedStack } from './laws/deployed-stacks.ts';
import { oldPresigned, openBuckets, openPorts, unencrypted } from './laws/exposure.ts';
import { roleActions, wildcards } from './laws/iam-actions.ts';
import { nameProblems } from './laws/names.ts';
import { unwrittenParameters } from './laws/parameters.ts';
import { machinePathsIn, secretsIn } from './laws/secrets.ts';
import { unprotected } from './laws/stateful-resources.ts';

function stackOf(Resources: Readonly<Record<string, Resource>>, changes: Partial<DeployedStack> = {}): DeployedStack {
  const place = 'aws://1/eu-west-2';
  return { name: 'iris-x-london-edge', region: 'london', part: 'edge', place, isProtected: false, template: { Resources }, ...changes };
}

/** Each law is broken once here, so that its silence elsewhere says something. */
describe('a law of templates tells', () => {
  it('a way to SSH, and a port that is open to the Internet (A15)', () => {
    const ingress = (from: number, to: number, block: object): Resource => ({
      Type: 'AWS::EC2::SecurityGroupIngress',
      Properties: { IpProtocol: 'tcp', FromPort: from, ToPort: to, GroupId: { Ref: 'EdgeGroup' }, ...block },
    });
    const inline: Resource = {
      Type: 'AWS::EC2::SecurityGroup',
      Properties: { SecurityGroupIngress: [{ IpProtocol: '-1', CidrIpv6: '::/0' }] },
    };
    const stack = stackOf({
      Ssh: ingress(20, 30, { CidrIp: '10.0.0.0/8' }),
      Admin: ingress(9000, 9000, { CidrIp: '0.0.0.0/0' }),
      Inline: inline,
    });
    assert.deepEqual(openPorts([stack], 8443), [
      'iris-x-london-edge Ssh opens SSH',
      'iris-x-london-edge Admin opens 9000-9000 to the Internet',
      'iris-x-london-edge Inline opens SSH',
      'iris-x-london-edge Inline opens 0-65535 to the Internet',
    ]);
  });

  it('a bucket that may become public or takes plain HTTP (A16), and what is not encrypted (A17)', () => {
    const stack = stackOf({ Media: { Type: 'AWS::S3::Bucket' }, Disk: { Type: 'AWS::EC2::Volume', Properties: { Encrypted: false } } });
    assert.deepEqual(openBuckets([stack]), [
      'iris-x-london-edge Media may become public',
      'iris-x-london-edge Media takes requests without TLS',
      'iris-x-london-edge Media does not log who reads it',
    ]);
    assert.deepEqual(unencrypted([stack]), [
      'iris-x-london-edge Disk does not encrypt its data',
      'iris-x-london-edge Media does not encrypt its objects',
    ]);
  });

  it('media whose presigned requests may be as old as their signer wants (A16)', () => {
    const policy = (ms: string): Resource => ({
      Type: 'AWS::S3::BucketPolicy',
      Properties: {
        Bucket: { Ref: 'MediaBucket1' },
        PolicyDocument: { Statement: [{ Effect: 'Deny', Condition: { NumericGreaterThan: { 's3:signatureAge': ms } } }] },
      },
    });
    const bucket: Resource = { Type: 'AWS::S3::Bucket' };
    assert.deepEqual(oldPresigned([stackOf({ MediaBucket1: bucket, Policy: policy('900000') })]), []);
    for (const policies of [{}, { Policy: policy('604800000') }] as readonly Record<string, Resource>[])
      assert.deepEqual(oldPresigned([stackOf({ MediaBucket1: bucket, ...policies })]), [
        'iris-x-london-edge MediaBucket1 takes presigned requests of any age',
      ]);
  });

  it('a wildcard of actions, a right on everything, and a policy apart from its role (A14)', () => {
    const policy = (statement: object) => ({ PolicyDocument: { Statement: [{ Effect: 'Allow', ...statement }] } });
    const role: Resource = {
      Type: 'AWS::IAM::Role',
      Properties: {
        Policies: [policy({ Action: ['s3:*'], Resource: 'x' }), policy({ Action: 'ec2:DescribeVolumes', Resource: '*' })],
        ManagedPolicyArns: ['arn:aws:iam::aws:policy/AdministratorAccess'],
      },
    };
    const stack = stackOf({ Role: role, Apart: { Type: 'AWS::IAM::Policy' } });
    assert.deepEqual(wildcards([stack]), [
      'iris-x-london-edge Apart is a AWS::IAM::Policy; write it into its role',
      'iris-x-london-edge Role has a wildcard of actions',
    ]);
    assert.deepEqual(roleActions([stack]), {
      'edge Role': ['ec2:DescribeVolumes on *', 'managed arn:aws:iam::aws:policy/AdministratorAccess', 's3:*'],
    });
  });

  it('a name that is too long, and one that two resources have', () => {
    const group = (Name: unknown): Resource => ({ Type: 'AWS::ElasticLoadBalancingV2::TargetGroup', Properties: { Name } });
    const stack = stackOf({ A: group('same'), B: group('same'), Long: group({ 'Fn::Join': ['-', ['iris', { Ref: 'AWS::Region' }]] }) });
    const problems = nameProblems([stack]);
    assert.equal(problems.length, 2);
    assert.match(problems[0]!, /same in aws:\/\/1\/eu-west-2 is the name of iris-x-london-edge A and of iris-x-london-edge B/);
    assert.match(problems[1]!, /Long Name has 36 characters of 32/);
    assert.equal(nameProblems([stackOf({}, { name: 'x'.repeat(129) })]).length, 1);
  });

  it('a parameter that is read before it is written, or is another region’s or account’s', () => {
    const reader = (name: string): DeployedStack => ({
      ...stackOf({}, { name }),
      template: { Resources: {}, Parameters: { P: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/iris/x/vpc' } } },
    });
    const written: Readonly<Record<string, Resource>> = { P: { Type: 'AWS::SSM::Parameter', Properties: { Name: '/iris/x/vpc' } } };
    const told = 'edge reads /iris/x/vpc, which nothing before it writes';
    assert.deepEqual(unwrittenParameters([stackOf(written), reader('edge')]), []);
    assert.deepEqual(unwrittenParameters([stackOf(written, { region: 'global' }), reader('edge')]), []);
    assert.deepEqual(unwrittenParameters([reader('edge'), stackOf(written)]), [told]);
    assert.deepEqual(unwrittenParameters([stackOf(written, { region: 'paris' }), reader('edge')]), [told]);
    assert.deepEqual(unwrittenParameters([stackOf(written, { place: 'aws://2/eu-west-2' }), reader('edge')]), [told]);
  });

  it('state that goes with its stack', () => {
    const kept = { Type: 'AWS::EC2::Volume', DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' };
    assert.deepEqual(unprotected([stackOf({ Kept: kept }, { isProtected: true })]), []);
    assert.deepEqual(unprotected([stackOf({ Lost: { Type: 'AWS::S3::Bucket' }, Kept: kept })]), [
      'iris-x-london-edge Lost is deleted with its stack',
      'iris-x-london-edge Lost is deleted when it is replaced',
      'iris-x-london-edge Lost is in a stack without termination protection',
      'iris-x-london-edge Kept is in a stack without termination protection',
    ]);
  });

  it.each([
    ['an AWS access key', `id=${'AKIA'}IOSFODNN7EXAMPLE`],
    ['an AWS secret key', `AWS_SECRET_ACCESS_KEY=${'wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEYaa'}`],
    ['a private key', `-----BEGIN ${'PRIVATE KEY'}-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v`],
    ['a signed token', `eyJhbGciOiJFZERTQSJ9.${'eyJzdWIiOiJhbGljZSJ9'}.c2lnbmF0dXJlLXNpZ25hdHVyZQ`],
    ['a password in an address', `redis://iris:${'hunter22'}@cache.example.com:6379`],
    ['a password', `"password": "${'correct-horse'}"`],
  ])('%s, without printing it (A13)', (what, text) => {
    assert.deepEqual(secretsIn('node.log', text), [`node.log holds ${what}`]);
  });

  it('a path of the machine that made a file, and none of the node’s own (A13)', () => {
    assert.deepEqual(machinePathsIn('a.json', `{"path": "/home/${'builder'}/iris"}`), ['a.json names /home/builder']);
    assert.deepEqual(machinePathsIn('a.json', '{"path": "/var/lib/iris", "config": "/opt/iris/boot.sh"}'), []);
  });

  it('two regions of one network, and a shard of two groups (C12)', () => {
    const plan = createPlan(proof);
    const [tokyo, other, ...rest] = plan.regions;
    const regions = [tokyo!, { ...other!, cidr: '10.0.128.0/17', groups: tokyo!.groups }, ...rest];
    assert.deepEqual(overlapProblems({ ...plan, regions }).slice(0, 2), [
      'networks of tokyo and sao-paulo overlap',
      'shard 0 is of tokyo-g0 and of tokyo-g0',
    ]);
  });
});
