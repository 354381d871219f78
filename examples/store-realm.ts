/**
 * One ScyllaDB cluster over two neighbouring regions, in a CDK app of yours: rows of either may have copies in both, by the replication of their keyspace. Frankfurt is deployed first.
 * The networks are joined already (`examples/joined-networks.ts`). Run it with `node examples/store-realm.ts`; the templates come to cdk.out/store-realm.
 */
import { App, Stack } from 'aws-cdk-lib';
import { ScyllaNodes } from '../constructs/aws/index.ts';

const app = new App({ outdir: 'cdk.out/store-realm' });
const cluster = {
  name: 'chat-store',
  secretPrefix: '/chat/europe/store',
  hostedZoneId: 'Z0123456789ABCDEFGHIJ',
  instanceType: 'i8g.xlarge',
};
const frankfurt = { dataCentre: 'frankfurt', awsRegion: 'eu-central-1', cidr: '10.1.0.0/16', zones: ['euc1-az1', 'euc1-az2', 'euc1-az3'] };
const ireland = { dataCentre: 'ireland', awsRegion: 'eu-west-1', cidr: '10.2.0.0/16', zones: ['euw1-az1', 'euw1-az2', 'euw1-az3'] };

const hostsOf = ({ dataCentre }: { dataCentre: string }) => [0, 1, 2].map((node) => `${dataCentre}-s${node}.store.chat.example.com`);
for (const [own, other, part] of [
  [frankfurt, ireland, { copiesSecretsTo: [ireland.awsRegion] }],
  [ireland, frankfurt, { seeds: hostsOf(frankfurt) }],
] as const) {
  const stack = new Stack(app, `store-${own.dataCentre}`, { env: { region: own.awsRegion }, terminationProtection: true });
  new ScyllaNodes(stack, 'Scylla', {
    ...cluster,
    dataCentre: own.dataCentre,
    awsRegion: own.awsRegion,
    vpcId: 'vpc-0aaaaaaaaaaaaaaaa',
    zones: own.zones.map((zoneId) => ({ zoneId, subnetId: 'subnet-0aaaaaaaaaaaaaaaa' })),
    clientSecurityGroupIds: ['sg-0aaaaaaaaaaaaaaaa'],
    nodes: hostsOf(own).map((host) => ({ host })),
    imageId: 'ami-0123456789abcdef0',
    realm: { others: [{ dataCentre: other.dataCentre, cidr: other.cidr }], part },
  });
}

app.synth();
