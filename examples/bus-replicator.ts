/**
 * Topics of a Kafka cluster in Frankfurt copied into one in Ireland, in a CDK app of yours, such as what analytics read there. Deploy the source without `allowsReplication`, then with
 * it, then the replicator. Run it with `node examples/bus-replicator.ts`; the templates come to cdk.out/bus-replicator.
 */
import { App, Stack } from 'aws-cdk-lib';
import { KafkaCluster, KafkaReplicator } from '../constructs/aws/index.ts';

const app = new App({ outdir: 'cdk.out/bus-replicator' });
const [from, to] = ['eu-central-1', 'eu-west-1'];
const subnetIds = ['subnet-0aaaaaaaaaaaaaaaa', 'subnet-0bbbbbbbbbbbbbbbb', 'subnet-0cccccccccccccccc'];
const replicators = 'sg-0bbbbbbbbbbbbbbbb';
const bus = {
  vpcId: 'vpc-0aaaaaaaaaaaaaaaa',
  subnetIds,
  clientSecurityGroupIds: ['sg-0aaaaaaaaaaaaaaaa'],
  brokers: 3,
  instanceType: 'm7g.large',
  storage: { gibibytes: 500, gibibytesMax: 2_000 },
};

const source = new Stack(app, 'bus-frankfurt', { env: { region: from }, terminationProtection: true });
new KafkaCluster(source, 'Kafka', { ...bus, name: 'chat-frankfurt', allowsReplication: true });

const target = new Stack(app, 'bus-ireland', { env: { region: to }, terminationProtection: true });
const copies = new KafkaCluster(target, 'Kafka', {
  ...bus,
  name: 'chat-ireland',
  clientSecurityGroupIds: [...bus.clientSecurityGroupIds, replicators],
});
new KafkaReplicator(target, 'Replicator', {
  name: 'chat-frankfurt-to-ireland',
  // Its identifier is given by MSK: `aws kafka list-clusters-v2` says it.
  source: {
    clusterArn: `arn:aws:kafka:${from}:${target.account}:cluster/chat-frankfurt/01234567-89ab-cdef-0123-456789abcdef-1`,
    awsRegion: from,
    subnetIds,
  },
  target: { clusterArn: copies.clusterArn, awsRegion: to, subnetIds, securityGroupIds: [replicators] },
  topics: ['orders\\..*'],
  consumerGroups: ['analytics'],
});

app.synth();
