/**
 * Core shard groups with volumes of their own in a CDK app of yours: one node per group, and its successor takes the volume over.
 * Run it with `node examples/shard-groups.ts`; the template comes to cdk.out/shard-groups.
 */
import { App, Aws, Stack } from 'aws-cdk-lib';
import { bootScript, CoreShardGroups, NodeRole } from '../constructs/aws/index.ts';

const awsRegion = 'eu-central-1';
const app = new App({ outdir: 'cdk.out/shard-groups' });
const stack = new Stack(app, 'cores', { env: { region: awsRegion } });
const tags = { 'chat:purpose': 'core' };

// `iris package` writes these files and prints their hashes; upload them where the role below may read.
const runtime = { bucket: 'chat-packages', key: 'runtime.tar', sha256: '0'.repeat(64) };
const node = { bucket: 'chat-packages', key: 'node.gz', sha256: '0'.repeat(64) };
const nodeConfig = { name: '/chat/frankfurt/core-config', awsRegion };
const slotMap = { name: '/chat/slot-map', awsRegion };
const instances = `arn:${Aws.PARTITION}:ec2:${awsRegion}:${Aws.ACCOUNT_ID}`;
const role = new NodeRole(stack, 'Role', {
  parameters: [nodeConfig, slotMap],
  objects: [runtime, node],
  fleetName: 'chat-frankfurt-*',
  statements: [
    {
      Effect: 'Allow',
      Action: ['ec2:AttachVolume'],
      Resource: [`${instances}:volume/*`, `${instances}:instance/*`],
      Condition: { StringEquals: { 'aws:ResourceTag/chat:purpose': 'core' } },
    },
  ],
});

new CoreShardGroups(stack, 'Core', {
  name: 'chat-frankfurt',
  groups: ['frankfurt-g0', 'frankfurt-g1'].map((id, ordinal) => ({
    id,
    host: `${id}.core.chat.example.com`,
    subnetIds: [['subnet-0aaaaaaaaaaaaaaaa', 'subnet-0bbbbbbbbbbbbbbbb'][ordinal]!],
    zoneId: ['euc1-az1', 'euc1-az2'][ordinal]!,
  })),
  nodesPerGroup: 1,
  volume: { gibibytes: 100 },
  instanceType: 'c7g.xlarge',
  instanceProfileArn: role.instanceProfileArn,
  securityGroupIds: ['sg-0aaaaaaaaaaaaaaaa'],
  hasPublicAddress: false,
  userData: bootScript({
    role: 'core',
    environment: 'chat',
    region: 'frankfurt',
    awsRegion,
    runtime,
    node,
    nodeConfig,
    slotMap,
    needsVolume: true,
    adminPort: 9400,
  }),
  tags,
});

app.synth();
