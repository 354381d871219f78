import { CfnCompositeAlarm, CfnDashboard } from 'aws-cdk-lib/aws-cloudwatch';
import { Aws } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { AlarmKey, AlarmTopic, type AlarmTopicProps } from './alarm-topic.ts';
import { type DashboardPanel, dashboardBody } from './dashboard-body.ts';
import { expectRange } from './known-props.ts';
import { MetricAlarm, type MetricAlarmProps } from './metric-alarm.ts';

export interface MonitoredAlarm extends Omit<MetricAlarmProps, 'topicArns'> {
  /** Unique within the region; its part of the logical id. */
  readonly key: string;
  /** True: part of the composite alarm, which pages. False: told to the topic of notices. */
  readonly pages: boolean;
}

export interface RegionMonitoringProps {
  /** Of the dashboard and the composite alarm. */
  readonly name: string;
  readonly awsRegion: string;
  /** One at least and 100 at most that page: a composite alarm takes no more. */
  readonly alarms: readonly MonitoredAlarm[];
  readonly pagesTopicName: string;
  readonly noticesTopicName: string;
  /** Who is woken. @default - nobody */
  readonly pager?: AlarmTopicProps['subscription'];
  /** Who is told by day. @default - nobody */
  readonly reader?: AlarmTopicProps['subscription'];
  readonly panels: readonly DashboardPanel[];
  /** Markdown at the head of the dashboard. */
  readonly heading: string;
}

const PAGING_ALARMS_MAX = 100;

/**
 * Alarms of one region with their topics, dashboard and one composite alarm: a fault of many parts pages once, and whoever rolls out by
 * alarm needs to watch one. Deployed after what it watches.
 */
export class RegionMonitoring extends Construct {
  /** @throws IrisError SYNTH_FAILED where no alarm pages, or more than a composite alarm takes. */
  constructor(scope: Construct, id: string, props: RegionMonitoringProps) {
    super(scope, id);
    expectRange(`number of alarms of ${props.name} that page`, props.alarms.filter(({ pages }) => pages).length, {
      min: 1,
      max: PAGING_ALARMS_MAX,
    });
    const { keyArn } = new AlarmKey(this, 'TopicKey');
    const pages = new AlarmTopic(this, 'Pages', { name: props.pagesTopicName, keyArn, ...(props.pager && { subscription: props.pager }) });
    const notices = new AlarmTopic(this, 'Notices', {
      name: props.noticesTopicName,
      keyArn,
      ...(props.reader && { subscription: props.reader }),
    });
    const alarms = props.alarms.map(
      ({ key, pages: isPaging, ...alarm }) => new MetricAlarm(this, idOf(key), { ...alarm, topicArns: isPaging ? [] : [notices.topicArn] }),
    );
    const paging = alarms.filter((_, index) => props.alarms[index]?.pages === true);
    const composite = new CfnCompositeAlarm(this, 'Region', {
      alarmName: props.name,
      alarmDescription: `Something of ${props.name} needs somebody now; the alarm that is on has its heading in docs/runbook.md`,
      alarmRule: paging.map(({ name }) => `ALARM("${name}")`).join(' OR '),
      alarmActions: [pages.topicArn],
      okActions: [pages.topicArn],
    });
    // CloudWatch refuses a rule over an alarm that is not there.
    for (const { resource } of paging) composite.addResourceDependency(resource);
    const body = dashboardBody({
      awsRegion: props.awsRegion,
      heading: props.heading,
      panels: props.panels,
      alarmArns: [props.name, ...alarms.map(({ name }) => name)].map(
        (name) => `arn:${Aws.PARTITION}:cloudwatch:${props.awsRegion}:${Aws.ACCOUNT_ID}:alarm:${name}`,
      ),
    });
    new CfnDashboard(this, 'Dashboard', { dashboardName: props.name, dashboardBody: body });
  }
}

/** `edge-cpu-over` → `EdgeCpuOver` */
function idOf(key: string): string {
  return key
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}
