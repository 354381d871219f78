import type { Construct } from 'constructs';
import { ConfigRollout } from '../../constructs/aws/config-rollout.ts';
import { MetricAlarm } from '../../constructs/aws/metric-alarm.ts';
import { NodeConfigStore } from '../../constructs/aws/node-config-store.ts';
import { CONFIG_REJECTED_METRIC, METRIC_NAMESPACE, METRIC_PERIOD_SECONDS } from '../../runtime/contract/node-metrics.ts';
import { alarmName, CONFIG_ALARM } from '../plan/alarms.ts';
import { nodeConfigsOf } from '../plan/node-configs.ts';
import { configArnParameter, publish } from './region-parameters.ts';
import { IrisStack, type RegionStackProps, regionStack } from './region-stack.ts';

/** Node configs of one region, their pointers, and how they reach nodes that run. */
export class ConfigStack extends IrisStack {
  readonly store: NodeConfigStore;

  constructor(scope: Construct, props: RegionStackProps) {
    super(scope, regionStack(props, 'config', 'node configs', false));
    const { plan, region } = props;
    const { edge, core } = nodeConfigsOf(plan, region.code);
    this.store = new NodeConfigStore(this, 'NodeConfigs', {
      name: region.names.prefix,
      documents: [
        { role: 'edge', parameterName: region.names.edgeConfigParameter, document: edge },
        { role: 'core', parameterName: region.names.coreConfigParameter, document: core },
      ],
    });
    const rollout = new ConfigRollout(this, 'Rollout', {
      name: region.names.configApplication,
      documents: this.store.configs,
      alarmArns: [this.addAlarm(props).resource.attrArn],
    });
    for (const [role, arn] of rollout.configurationArns) publish(this, configArnParameter(plan.environment, region.code, role), arn);
  }

  /** On when one node gave a config back; in this stack, since AppConfig must know it before the nodes are there. */
  private addAlarm({ plan, region }: RegionStackProps): MetricAlarm {
    const rejections = (role: string) => ({
      namespace: METRIC_NAMESPACE,
      name: CONFIG_REJECTED_METRIC,
      dimensions: { Environment: plan.environment, Region: region.code, Role: role },
      statistic: 'Sum',
    });
    return new MetricAlarm(this, 'Rejected', {
      name: alarmName(region, CONFIG_ALARM),
      description: `${plan.environment} ${region.code}: a node was not ready with its new config and gave it back; the deployment rolls back`,
      metrics: { edge: rejections('edge'), core: rejections('core') },
      expression: 'FILL(edge, 0) + FILL(core, 0)',
      comparison: 'atLeast',
      threshold: 1,
      periodSeconds: METRIC_PERIOD_SECONDS,
      periods: 1,
    });
  }
}
