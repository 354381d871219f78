/**
 * The zone of an environment and its slot map in a CDK app of yours: the map under its content hash with the pointer that nodes follow, and a document and
 * a file of your own published the same way. Run it with `node examples/slot-map.ts`; the template comes to cdk.out/slot-map.
 */
import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import { addContentFile, EnvironmentZone, PointedDocument, SlotMapStore } from '../constructs/aws/index.ts';
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
new SlotMapStore(stack, 'SlotMap', { name: 'chat', parameterName: plan.names.slotMapParameter, slotMap: slotMapOf(plan) });

new PointedDocument(stack, 'Words', { parameterName: '/chat/words', fileName: 'chat.words', text: '["spam"]\n' });
const guide = addContentFile(stack, { fileName: 'guide.txt', source: { text: 'how to moderate\n' } });
new CfnOutput(stack, 'Guide', { value: `s3://${guide.bucket}/${guide.key}` });

app.synth();
