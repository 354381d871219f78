/**
 * Networks of two AWS regions joined for cores that link to each other, in a CDK app of yours: by peering, where one side asks and both make
 * routes; and by one core network (AWS Cloud WAN). Run it with `node examples/joined-networks.ts`; the templates come to cdk.out/joined-networks.
 */
import { App, Fn, Stack } from 'aws-cdk-lib';
import { CoreNetwork, CoreNetworkAttachment, peeringOutput, RegionPeering } from '../constructs/aws/index.ts';

const app = new App({ outdir: 'cdk.out/joined-networks' });
const linkPort = 7400;
const frankfurt = {
  awsRegion: 'eu-central-1',
  cidr: '10.1.0.0/16',
  vpcId: 'vpc-0aaaaaaaaaaaaaaaa',
  routeTableIds: ['rtb-0aaaaaaaaaaaaaaaa'],
  subnetIds: ['subnet-0aaaaaaaaaaaaaaaa', 'subnet-0bbbbbbbbbbbbbbbb'],
  coreSecurityGroupId: 'sg-0aaaaaaaaaaaaaaaa',
};
const tokyo = { ...frankfurt, awsRegion: 'ap-northeast-1', cidr: '10.2.0.0/16', vpcId: 'vpc-0cccccccccccccccc' };

const asks = new Stack(app, 'peering-frankfurt', { env: { region: frankfurt.awsRegion } });
new RegionPeering(asks, 'Peering', {
  ...frankfurt,
  linkPort,
  networks: [{ id: 'Tokyo', cidr: tokyo.cidr, connection: { ask: { vpcId: tokyo.vpcId, awsRegion: tokyo.awsRegion } } }],
});
const answers = new Stack(app, 'peering-tokyo', { env: { region: tokyo.awsRegion } });
const connectionId = Fn.getStackOutput(asks.stackName, peeringOutput('Tokyo'), frankfurt.awsRegion);
new RegionPeering(answers, 'Peering', {
  ...tokyo,
  linkPort,
  networks: [{ id: 'Frankfurt', cidr: frankfurt.cidr, connection: { connectionId } }],
});

const wan = new Stack(app, 'wan', { env: { region: 'eu-central-1' } });
const { coreNetworkId, coreNetworkArn } = new CoreNetwork(wan, 'CoreNetwork', {
  name: 'chat',
  awsRegions: [frankfurt.awsRegion, tokyo.awsRegion],
});
new CoreNetworkAttachment(wan, 'Frankfurt', { ...frankfurt, linkPort, coreNetworkId, coreNetworkArn, cidrs: [tokyo.cidr] });

app.synth();
