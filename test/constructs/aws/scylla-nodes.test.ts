import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { App, Stack } from 'aws-cdk-lib/core';
import { type ScyllaNode, ScyllaNodes, type ScyllaNodesProps } from '../../../constructs/aws/scylla-nodes.ts';

const HOST_ID = '675ed9f4-6564-4dbd-8ca8-43fddce952a1';
const hosts = (count: number): ScyllaNode[] => Array.from({ length: count }, (_, i) => ({ host: `tokyo-s${i}.store.example.com` }));

function templateOf(changes: Partial<ScyllaNodesProps> = {}): Template {
  const stack = new Stack(new App(), 'test');
  new ScyllaNodes(stack, 'Scylla', {
    vpcId: 'vpc-1',
    clientSecurityGroupIds: ['sg-core'],
    name: 'iris-growth-tokyo-store',
    dataCentre: 'tokyo',
    awsRegion: 'ap-northeast-1',
    zones: ['apne1-az1', 'apne1-az2', 'apne1-az4'].map((zoneId) => ({ zoneId, subnetId: `subnet-${zoneId}` })),
    nodes: hosts(6),
    hostedZoneId: 'Z1',
    secretPrefix: '/iris/growth/tokyo/store',
    instanceType: 'i8g.4xlarge',
    imageId: 'ami-0123456789abcdef0',
    ...changes,
  });
  return Template.fromStack(stack);
}

interface UserData {
  readonly scylla_yaml: Readonly<Record<string, unknown>> & { readonly seed_provider: { parameters: { seeds: string }[] }[] };
  readonly post_configuration_script: string;
}

function userDataOf(template: Template, name: string): UserData {
  const found = Object.entries(template.findResources('AWS::EC2::LaunchTemplate')).find(([id]) => id.startsWith(`ScyllaMachine${name}`));
  return JSON.parse(found![1]['Properties'].LaunchTemplateData.UserData['Fn::Base64']) as UserData;
}

/** Everything of one type but the ids that its references carry. */
function byId(template: Template, type: string): Map<string, string> {
  return new Map(Object.entries(template.findResources(type)).map(([id, resource]) => [id, JSON.stringify(resource)]));
}

const scriptOf = (template: Template, name: string) =>
  Buffer.from(userDataOf(template, name).post_configuration_script, 'base64').toString('utf8');

describe('ScyllaDB nodes', () => {
  const template = templateOf();

  it('keep their machines and interfaces, take racks from zones in turn, and have a name each', () => {
    template.resourceCountIs('AWS::EC2::Instance', 6);
    template.allResources('AWS::EC2::NetworkInterface', { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    template.allResources('AWS::EC2::Instance', { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    template.hasResourceProperties('AWS::EC2::NetworkInterface', {
      SubnetId: 'subnet-apne1-az4',
      Description: 'iris-growth-tokyo-store-5',
    });
    assert.match(scriptOf(template, '5'), /dc=tokyo\nrack=apne1-az4/);
    template.hasResourceProperties('AWS::Route53::RecordSet', { Name: 'tokyo-s5.store.example.com', Type: 'A' });
    template.resourceCountIs('AWS::Route53::RecordSet', 6);
  });

  it('start from three seeds that are names, so that a seed’s new machine changes no other’s user data', () => {
    for (let node = 0; node < 6; node++) {
      const [provider] = userDataOf(template, String(node)).scylla_yaml.seed_provider;
      assert.equal(provider?.parameters[0]?.seeds, 'tokyo-s0.store.example.com,tokyo-s1.store.example.com,tokyo-s2.store.example.com');
    }
  });

  it('stay as they are when image, type or number of nodes change: a running machine is made of its template’s first version', () => {
    template.allResourcesProperties('AWS::EC2::Instance', {
      LaunchTemplate: { Version: '1' },
      ImageId: Match.absent(),
      UserData: Match.absent(),
    });
    const changed = templateOf({ imageId: 'ami-0aaaaaaaaaaaaaaaa', instanceType: 'i8g.8xlarge', nodes: hosts(9) });
    const after = byId(changed, 'AWS::EC2::Instance');
    for (const [id, resource] of byId(template, 'AWS::EC2::Instance')) assert.equal(after.get(id), resource);
    for (const [id, resource] of byId(template, 'AWS::EC2::NetworkInterface')) {
      assert.equal(byId(changed, 'AWS::EC2::NetworkInterface').get(id), resource);
    }
  });

  it('are replaced one at a time by host id: one machine with its interface and template is new, and its name moves to it', () => {
    const nodes = hosts(6).map((node, i) => (i === 1 ? { ...node, replaced: [HOST_ID] } : node));
    const changed = templateOf({ nodes });
    for (const type of ['AWS::EC2::Instance', 'AWS::EC2::NetworkInterface', 'AWS::EC2::LaunchTemplate']) {
      const [before, after] = [byId(template, type), byId(changed, type)];
      const gone = [...before.keys()].filter((id) => !after.has(id));
      const come = [...after.keys()].filter((id) => !before.has(id));
      assert.deepEqual([gone.length, come.length], [1, 1], type);
      for (const [id, resource] of before) if (after.has(id)) assert.equal(after.get(id), resource, id);
    }
    const { replace_node_first_boot, seed_provider } = userDataOf(changed, '12').scylla_yaml;
    assert.equal(replace_node_first_boot, HOST_ID);
    assert.equal(seed_provider[0]?.parameters[0]?.seeds, 'tokyo-s0.store.example.com,tokyo-s2.store.example.com');
    const names = byId(changed, 'AWS::Route53::RecordSet');
    const moved = [...byId(template, 'AWS::Route53::RecordSet')].filter(([id, record]) => names.get(id) !== record);
    assert.equal(moved.length, 1);
    assert.match(moved[0]![1], /tokyo-s1/);
  });

  it('of the first zone back up once a day to a private bucket that keeps it two days, and no other does (X20)', () => {
    const backing = [0, 1, 2, 3, 4, 5].filter((node) => scriptOf(template, String(node)).includes('iris-store-backup.timer'));
    assert.deepEqual(backing, [0, 3]);
    const [, bucket] = Object.entries(template.findResources('AWS::S3::Bucket')).find(([id]) => !id.includes('Logs'))!;
    assert.equal(bucket['Properties'].LifecycleConfiguration.Rules[0].ExpirationInDays, 2);
    assert.equal(bucket['Properties'].VersioningConfiguration, undefined);
    template.allResourcesProperties('AWS::EC2::Instance', {
      Tags: Match.arrayWith([{ Key: 'iris:backup-bucket', Value: { Ref: Match.stringLikeRegexp('ScyllaBackupBucket') } }]),
    });
    template.hasResourceProperties('AWS::IAM::Role', {
      Policies: [
        Match.objectLike({
          PolicyDocument: Match.objectLike({
            Statement: Match.arrayWith([Match.objectLike({ Action: ['s3:PutObject', 's3:GetObject', 's3:AbortMultipartUpload'] })]),
          }),
        }),
      ],
    });
  });

  it('take clients over TLS after a login only, with what is generated in the region and in no template (A13)', () => {
    assert.deepEqual(
      (({ authenticator, authorizer, client_encryption_options }) => ({ authenticator, authorizer, client_encryption_options }))(
        userDataOf(template, '0').scylla_yaml,
      ),
      {
        authenticator: 'PasswordAuthenticator',
        authorizer: 'CassandraAuthorizer',
        client_encryption_options: {
          enabled: true,
          certificate: '/etc/scylla/iris/certificate.pem',
          keyfile: '/etc/scylla/iris/key.pem',
        },
      },
    );
    template.hasResource('AWS::SecretsManager::Secret', {
      DeletionPolicy: 'Retain',
      Properties: {
        Name: '/iris/growth/tokyo/store/login',
        SecretString: Match.absent(),
        GenerateSecretString: { PasswordLength: 64, SecretStringTemplate: '{"username":"iris"}', GenerateStringKey: 'password' },
      },
    });
    template.hasResourceProperties('AWS::SecretsManager::Secret', {
      Name: '/iris/growth/tokyo/store/authority',
      SecretString: Match.absent(),
    });
    const names = '/iris/growth/tokyo/store/login /iris/growth/tokyo/store/authority /iris/growth/tokyo/store/certificate';
    const command = `/usr/local/sbin/iris-store-security ap-northeast-1 ${names} tokyo-s5.store.example.com`;
    assert.ok(scriptOf(template, '5').includes(`ExecStartPre=+${command}\n`));
  });

  it('are set up by commands that sh takes, which is no bash on the image', () => {
    const check = spawnSync('sh', ['-n', '-c', scriptOf(template, '0')], { encoding: 'utf8' });
    assert.equal(check.stderr + check.status, '0');
    assert.doesNotMatch(scriptOf(template, '0').split("<<'FILE'")[0]!, /pipefail/);
    assert.equal(spawnSync('sh', ['-c', scriptOf(template, '0').split('\n')[0]!]).status, 0);
  });

  describe('of a realm, a cluster over neighbouring regions', () => {
    const seoul = { dataCentre: 'seoul', cidr: '10.2.0.0/16' };
    const first = templateOf({ realm: { others: [seoul], part: { copiesSecretsTo: ['ap-northeast-2'] } } });
    const seeds = ['seoul-s0.store.example.com', 'seoul-s1.store.example.com'];
    const further = templateOf({ realm: { others: [seoul], part: { seeds } } });

    it('let the other data centres’ networks in on the gossip port, and nothing else of theirs', () => {
      for (const realm of [first, further]) {
        const ingress = Object.values(realm.findResources('AWS::EC2::SecurityGroupIngress')).map(({ Properties }) => Properties);
        const fromNetworks = ingress.filter(({ CidrIp }) => CidrIp !== undefined);
        assert.deepEqual(
          fromNetworks.map(({ CidrIp, FromPort, ToPort }) => [CidrIp, FromPort, ToPort]),
          [['10.2.0.0/16', 7000, 7000]],
        );
      }
    });

    it('begin the cluster in the first data centre, and ask hosts of one that is up in each further one', () => {
      const seedsOf = (of: Template) => userDataOf(of, '4').scylla_yaml.seed_provider[0]?.parameters[0]?.seeds;
      assert.equal(seedsOf(first), seedsOf(template));
      assert.equal(seedsOf(further), seeds.join(','));
    });

    it('have one login and one authority: the first data centre copies both to the others’ AWS regions, which make none (A13)', () => {
      const secrets = Object.values(first.findResources('AWS::SecretsManager::Secret'));
      assert.equal(secrets.length, 2);
      for (const { Properties } of secrets) assert.deepEqual(Properties.ReplicaRegions, [{ Region: 'ap-northeast-2' }]);
      further.resourceCountIs('AWS::SecretsManager::Secret', 0);
      template.allResourcesProperties('AWS::SecretsManager::Secret', { ReplicaRegions: Match.absent() });
    });

    it('are the same machines, interfaces and names as those of a cluster of one region', () => {
      for (const type of ['AWS::EC2::Instance', 'AWS::EC2::NetworkInterface', 'AWS::Route53::RecordSet'])
        assert.deepEqual([...byId(further, type)], [...byId(template, type)], type);
    });

    it('fail on a data centre that is named twice', () => {
      assert.throws(() => templateOf({ realm: { others: [{ ...seoul, dataCentre: 'tokyo' }], part: { seeds } } }), {
        code: 'SYNTH_FAILED',
        message: /data centre tokyo is twice in its realm/,
      });
    });
  });

  it('fails when a node’s user data would be more than EC2 takes', () => {
    const nodes = [{ host: 'x'.repeat(16_384) }, ...hosts(2)];
    assert.throws(() => templateOf({ nodes }), { code: 'SYNTH_FAILED', message: /bytes, EC2 takes 16384; shorten names/ });
  });
});
