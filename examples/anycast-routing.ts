/**
 * The same two addresses for load balancers in two AWS regions. Run it with `node examples/anycast-routing.ts`; the template comes to
 * cdk.out/anycast-routing.
 */
import { App, Stack } from 'aws-cdk-lib';
import { AnycastRouting } from '../constructs/aws/index.ts';

const app = new App({ outdir: 'cdk.out/anycast-routing' });
const stack = new Stack(app, 'anycast', { env: { region: 'us-west-2' } });
const balancer = (region: string, name: string) =>
  `arn:aws:elasticloadbalancing:${region}:111111111111:loadbalancer/net/${name}/0123456789abcdef`;

new AnycastRouting(stack, 'Anycast', {
  name: 'chat',
  clientPort: 8443,
  regions: [
    { code: 'tokyo', awsRegion: 'ap-northeast-1', loadBalancerArn: balancer('ap-northeast-1', 'chat-tokyo') },
    { code: 'osaka', awsRegion: 'ap-northeast-3', loadBalancerArn: balancer('ap-northeast-3', 'chat-osaka') },
  ],
  record: { hostedZoneId: 'Z0123456789ABCDEFGHIJ', host: 'anycast.chat.example.com' },
});

app.synth();
