/**
 * Configs of your nodes in a CDK app of yours: a document under its hash, a pointer from which new nodes begin, and a rollout by AppConfig to
 * those that run, taken back by an alarm; and the list in which cores are found. Run it with `node examples/node-configs.ts`; the template
 * comes to cdk.out/node-configs.
 */
import { App, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import { CfnAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import { ConfigRollout, DiscoveryNamespace, NodeConfigStore } from '../constructs/aws/index.ts';

const app = new App({ outdir: 'cdk.out/node-configs' });
const stack = new Stack(app, 'configs', { env: { region: 'eu-central-1' } });

const store = new NodeConfigStore(stack, 'NodeConfigs', {
  name: 'chat-frankfurt',
  documents: [
    {
      role: 'core',
      parameterName: '/chat/frankfurt/core-config',
      document: {
        format: 'iris-node/1',
        role: 'core',
        environment: 'chat',
        region: 'frankfurt',
        node: { env: 'IRIS_NODE' },
        group: { env: 'IRIS_GROUP' },
        local: false,
        slotMapPath: '/var/lib/iris/slot-map.json',
        admin: { host: '0.0.0.0', port: 9400 },
        link: { host: '0.0.0.0', port: 7400 },
        store: { kind: 'embedded', directory: '/var/lib/iris/store' },
      },
    },
  ],
});
const rejected = new CfnAlarm(stack, 'Rejected', {
  alarmName: 'chat-frankfurt-config-rejected',
  namespace: 'Iris/Node',
  metricName: 'iris_config_rejected_total',
  dimensions: [
    { name: 'Environment', value: 'chat' },
    { name: 'Region', value: 'frankfurt' },
    { name: 'Role', value: 'core' },
  ],
  statistic: 'Sum',
  period: 60,
  evaluationPeriods: 1,
  threshold: 1,
  comparisonOperator: 'GreaterThanOrEqualToThreshold',
  treatMissingData: 'notBreaching',
});
new ConfigRollout(stack, 'Rollout', {
  name: 'chat-frankfurt',
  documents: store.configs,
  alarmArns: [rejected.attrArn],
  bake: Duration.minutes(5),
});
const cores = new DiscoveryNamespace(stack, 'Discovery', { name: 'chat-frankfurt', service: 'core' });
new CfnOutput(stack, 'CoreList', { value: cores.serviceId });

app.synth();
