/**
 * Alarms and a dashboard of one region in a CDK app of yours: nodes publish their metrics under `Iris/Node`, one composite alarm pages for all of
 * them, and an alarm of your own tells a topic of your own. Run it with `node examples/region-monitoring.ts`; the template comes to
 * cdk.out/region-monitoring.
 */
import { App, Stack } from 'aws-cdk-lib';
import { AlarmKey, AlarmTopic, MetricAlarm, RegionMonitoring } from '../constructs/aws/index.ts';

const awsRegion = 'ap-northeast-1';
const app = new App({ outdir: 'cdk.out/region-monitoring' });
const stack = new Stack(app, 'monitoring', { env: { region: awsRegion } });
const ofEdges = { namespace: 'Iris/Node', dimensions: { Environment: 'chat', Region: 'tokyo', Role: 'edge' } };
const connections = { ...ofEdges, name: 'iris_connections', statistic: 'Average' };
const minute = { periodSeconds: 60, periods: 3 };

new RegionMonitoring(stack, 'Monitoring', {
  name: 'chat-tokyo',
  awsRegion,
  pagesTopicName: 'chat-tokyo-pages',
  noticesTopicName: 'chat-tokyo-notices',
  pager: { protocol: 'email', endpoint: 'oncall@example.com' },
  alarms: [
    {
      ...minute,
      key: 'edge-full',
      name: 'chat-tokyo-edge-full',
      description: 'Edges hold more than 90,000 connections on average: raise the fleet’s maximum',
      metrics: { connections },
      comparison: 'above',
      threshold: 90_000,
      pages: true,
    },
    {
      ...minute,
      key: 'connections-refused',
      name: 'chat-tokyo-connections-refused',
      description: 'More than a tenth of the connections are refused: look at which limit they meet',
      metrics: {
        refused: { ...ofEdges, name: 'iris_connections_refused_total', statistic: 'Sum' },
        logins: { ...ofEdges, name: 'iris_logins_total', statistic: 'Sum' },
      },
      expression: 'IF(refused + logins > 100, 100 * refused / (refused + logins), 0)',
      comparison: 'above',
      threshold: 10,
      pages: false,
    },
  ],
  panels: [{ title: 'Connections', metrics: [{ ...connections, label: 'of an edge' }], threshold: 90_000 }],
  heading: '# Chat in Tokyo',
});

const { keyArn } = new AlarmKey(stack, 'TeamKey');
const team = new AlarmTopic(stack, 'Team', { name: 'chat-team', keyArn });
new MetricAlarm(stack, 'Quiet', {
  ...minute,
  name: 'chat-tokyo-quiet',
  description: 'Nobody is connected in Tokyo',
  metrics: { connections: { ...connections, statistic: 'Maximum' } },
  comparison: 'below',
  threshold: 1,
  whenMissing: 'breaching',
  topicArns: [team.topicArn],
});

app.synth();
