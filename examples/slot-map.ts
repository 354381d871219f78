/**
 * The zone of an environment and its slot map in a CDK app of yours: the map under its content hash with the pointer that nodes follow, a role with which
 * the nodes of another account read it, and a document and a file of your own published the same way. Run it with `node examples/slot-map.ts`; the
 * template comes to cdk.out/slot-map.
 */
import { App, Aws, CfnOutput, Stack } from 'aws-cdk-lib';
import { AccountRole, addContentFile, EnvironmentZone, PointedDocument, SlotMapStore } from '../constructs/aws/index.ts';
import { defineEnvironment } from '../environments/index.ts';
import { createPlan, slotMapOf } from '../infra/plan/index.ts';

const plan = createPlan(
  defineEnvironment({
    name: 'chat',
    domain: 'chat.example.com',
    dailyActiveUsers: 100_000,
    regions: [{ code: 'frankfurt', awsRegion: 'eu-central-1', cidr: '10.0.0.0/16', userShare: 1, serves: { default: true } }],
  }),
);
const app = new App({ outdir: 'cdk.out/slot-map' });
const stack = new Stack(app, 'global', { env: { region: 'us-east-1' }, terminationProtection: true });

const { hostedZoneId } = new EnvironmentZone(stack, 'Zone', { domain: plan.domain });
new CfnOutput(stack, 'ZoneId', { value: hostedZoneId });
const { pointer } = new SlotMapStore(stack, 'SlotMap', {
  name: 'chat',
  parameterName: plan.names.slotMapParameter,
  slotMap: slotMapOf(plan),
});

const reader = new AccountRole(stack, 'MapReader', {
  name: 'chat-slot-map',
  accounts: ['111111111111'],
  roles: 'chat/nodes/*',
  statements: [
    {
      Effect: 'Allow',
      Action: ['ssm:GetParameter'],
      Resource: `arn:${Aws.PARTITION}:ssm:${Aws.REGION}:${Aws.ACCOUNT_ID}:parameter${pointer.parameterName}`,
    },
    // Maps to come, too: the pointer may move before the rights do.
    { Effect: 'Allow', Action: ['s3:GetObject'], Resource: `arn:${Aws.PARTITION}:s3:::${pointer.file.bucket}/*.slotmap` },
  ],
});
new CfnOutput(stack, 'MapReaderArn', { value: reader.arn });

new PointedDocument(stack, 'Words', { parameterName: '/chat/words', fileName: 'chat.words', text: '["spam"]\n' });
const guide = addContentFile(stack, { fileName: 'guide.txt', source: { text: 'how to moderate\n' } });
new CfnOutput(stack, 'Guide', { value: `s3://${guide.bucket}/${guide.key}` });

app.synth();
