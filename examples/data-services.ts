/**
 * Bus, store and session directory of one region in a CDK app of yours, in subnets that you have, and a role that may use bus and store.
 * Run it with `node examples/data-services.ts`; the template comes to cdk.out/data-services.
 */
import { App, Stack } from 'aws-cdk-lib';
import { busRights, DirectoryCache, KafkaCluster, NodeRole, ScyllaNodes, storeRights, storeSecrets } from '../constructs/aws/index.ts';

const awsRegion = 'eu-central-1';
const app = new App({ outdir: 'cdk.out/data-services' });
const stack = new Stack(app, 'data', { env: { region: awsRegion }, terminationProtection: true });
const zones = [
  { zoneId: 'euc1-az1', subnetId: 'subnet-0aaaaaaaaaaaaaaaa' },
  { zoneId: 'euc1-az2', subnetId: 'subnet-0bbbbbbbbbbbbbbbb' },
  { zoneId: 'euc1-az3', subnetId: 'subnet-0cccccccccccccccc' },
];
const secretPrefix = '/chat/frankfurt/store';
const subnetIds = zones.map(({ subnetId }) => subnetId);
const network = { vpcId: 'vpc-0aaaaaaaaaaaaaaaa', clientSecurityGroupIds: ['sg-0aaaaaaaaaaaaaaaa'] };

new KafkaCluster(stack, 'Kafka', {
  ...network,
  name: 'chat-bus',
  subnetIds,
  brokers: 3,
  instanceType: 'm7g.large',
  storage: { gibibytes: 500, gibibytesMax: 2_000 },
});
new ScyllaNodes(stack, 'Scylla', {
  ...network,
  name: 'chat-store',
  dataCentre: 'frankfurt',
  zones,
  awsRegion,
  nodes: [{ host: 's0.chat.example.com' }, { host: 's1.chat.example.com' }, { host: 's2.chat.example.com' }],
  hostedZoneId: 'Z0123456789ABCDEFGHIJ',
  secretPrefix,
  instanceType: 'i8g.xlarge',
  imageId: 'ami-0123456789abcdef0',
});
new DirectoryCache(stack, 'Directory', {
  ...network,
  name: 'chat-directory',
  subnetIds,
  nodeGroups: 1,
  replicasPerGroup: 2,
  instanceType: 'r7g.large',
});

const parameters = ['/chat/frankfurt/core-config', storeSecrets(secretPrefix).certificate].map((name) => ({ name, awsRegion }));
const objects = [{ bucket: 'chat-packages', key: 'runtime.tar' }];
const statements = [...busRights({ name: 'chat-bus', awsRegion, topics: 'iris.chat.*' }), ...storeRights({ secretPrefix, awsRegion })];
new NodeRole(stack, 'CoreRole', { fleetName: 'chat-frankfurt-*', parameters, objects, statements });

app.synth();
