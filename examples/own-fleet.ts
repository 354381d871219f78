/**
 * Edges in an Auto Scaling group of your own: only the machine, its rights on the session directory, the door of a service that edges call, the scaling by
 * connections and the log of refused traffic come from Iris. Run it with `node examples/own-fleet.ts`; the template comes to cdk.out/own-fleet.
 */
import { App, Stack } from 'aws-cdk-lib';
import { CfnAutoScalingGroup } from 'aws-cdk-lib/aws-autoscaling';
import {
  bootScript,
  ClientSecurityGroup,
  directoryRights,
  EdgeScaling,
  FlowLog,
  NodeLaunchTemplate,
  NodeRole,
} from '../constructs/aws/index.ts';

const awsRegion = 'eu-central-1';
const fleetName = 'chat-frankfurt-edge';
const vpcId = 'vpc-0aaaaaaaaaaaaaaaa';
const edges = 'sg-0aaaaaaaaaaaaaaaa';
const place = { environment: 'chat', region: 'frankfurt' };
const app = new App({ outdir: 'cdk.out/own-fleet' });
const stack = new Stack(app, 'fleet', { env: { region: awsRegion } });

// `iris package` writes these files and prints their hashes; upload them where the role below may read.
const runtime = { bucket: 'chat-packages', key: 'runtime.tar', sha256: '0'.repeat(64) };
const node = { bucket: 'chat-packages', key: 'node.gz', sha256: '0'.repeat(64) };
const nodeConfig = { name: '/chat/frankfurt/edge-config', awsRegion };
const slotMap = { name: '/chat/slot-map', awsRegion };
const { instanceProfileArn } = new NodeRole(stack, 'Role', {
  parameters: [nodeConfig, slotMap],
  objects: [runtime, node],
  fleetName,
  statements: directoryRights({ name: 'chat-directory', awsRegion }),
});
const template = new NodeLaunchTemplate(stack, 'Machine', {
  instanceType: 'c7g.medium',
  imageId: 'ami-0123456789abcdef0',
  instanceProfileArn,
  securityGroupIds: [edges],
  hasPublicAddress: true,
  userData: bootScript({ ...place, role: 'edge', awsRegion, runtime, node, nodeConfig, slotMap, adminPort: 9400 }),
  tags: { 'iris:region': place.region },
});
new CfnAutoScalingGroup(stack, 'Fleet', {
  autoScalingGroupName: fleetName,
  minSize: '2',
  maxSize: '8',
  vpcZoneIdentifier: ['subnet-0aaaaaaaaaaaaaaaa', 'subnet-0bbbbbbbbbbbbbbbb'],
  launchTemplate: { launchTemplateId: template.launchTemplateId, version: template.version },
});
new EdgeScaling(stack, 'Scaling', { ...place, fleetName, nodesMin: 2, connectionsHigh: 75_000, connectionsLow: 45_000 });
new ClientSecurityGroup(stack, 'Moderation', {
  vpcId,
  description: 'Moderation service of the edges',
  clientSecurityGroupIds: [edges],
  clientPorts: [8080],
});
new FlowLog(stack, 'FlowLog', { vpcId });

app.synth();
