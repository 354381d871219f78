/**
 * An edge fleet in a CDK app of your own, without Iris's environments and plans: network, security, role, boot script, fleet.
 * Run it with `node examples/edge-fleet.ts`; the templates come to cdk.out/edge-fleet.
 */
import { App, Stack } from 'aws-cdk-lib';
import { bootScript, ClientCertificate, EdgeFleet, FleetSecurity, NodeRole, RegionNetwork } from '../constructs/aws/index.ts';

const awsRegion = 'ap-northeast-1';
const app = new App({ outdir: 'cdk.out/edge-fleet' });
const stack = new Stack(app, 'edges', { env: { region: awsRegion } });

const network = new RegionNetwork(stack, 'Network', {
  name: 'chat-tokyo',
  awsRegion,
  cidr: '10.0.0.0/16',
  zones: [
    { zoneId: 'apne1-az1', publicCidr: '10.0.0.0/20', privateCidr: '10.0.128.0/20' },
    { zoneId: 'apne1-az4', publicCidr: '10.0.16.0/20', privateCidr: '10.0.144.0/20' },
  ],
});
const place = { environment: 'chat', region: 'tokyo' };
const ports = { clientPort: 8443, linkPort: 7400, adminPort: 9400 };
const security = new FleetSecurity(stack, 'Security', { vpcId: network.vpcId, ...ports });

// `iris package` writes these files and prints their hashes; upload them where the role below may read.
const runtime = { bucket: 'chat-packages', key: 'runtime.tar', sha256: '0'.repeat(64) };
const node = { bucket: 'chat-packages', key: 'node.gz', sha256: '0'.repeat(64) };
const nodeConfig = { name: '/chat/tokyo/edge-config', awsRegion };
const slotMap = { name: '/chat/slot-map', awsRegion };
const role = new NodeRole(stack, 'Role', { parameters: [nodeConfig, slotMap], objects: [runtime, node], fleetName: 'chat-tokyo-edge' });

const { certificateArn } = new ClientCertificate(stack, 'Certificate', {
  hosts: ['chat.example.com'],
  hostedZoneId: 'Z0123456789ABCDEFGHIJ',
});

new EdgeFleet(stack, 'Edge', {
  certificateArn,
  ...place,
  ...ports,
  name: 'chat-tokyo-edge',
  loadBalancerName: 'chat-tokyo-edge',
  targetGroupName: 'chat-tokyo-edge',
  vpcId: network.vpcId,
  loadBalancerSubnetIds: network.zones.map((zone) => zone.publicSubnetId),
  nodeSubnetIds: network.zones.map((zone) => zone.publicSubnetId),
  loadBalancerSecurityGroupIds: [security.loadBalancerSecurityGroupId],
  nodeSecurityGroupIds: [security.edgeSecurityGroupId],
  hasPublicAddress: true,
  nodesMin: 2,
  nodesMax: 6,
  instanceType: 'c7g.large',
  spotShare: 0.5,
  scaling: { connectionsHigh: 45_000, connectionsLow: 30_000 },
  instanceProfileArn: role.instanceProfileArn,
  userData: bootScript({ ...place, ...ports, role: 'edge', awsRegion, runtime, node, nodeConfig, slotMap }),
  tags: { 'iris:region': 'tokyo' },
});

app.synth();
