import { CfnOutput } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { EnvironmentZone } from '../../constructs/aws/environment-zone.ts';
import { SlotMapStore } from '../../constructs/aws/slot-map-store.ts';
import type { Plan } from '../plan/plan.ts';
import { slotMapOf } from '../plan/slot-map.ts';
import { HOSTED_ZONE_OUTPUT } from './node-boot.ts';
import { IrisStack } from './region-stack.ts';

/** What regions need before they start: the DNS zone, unless the environment brings its own, and the slot map. */
export class GlobalStack extends IrisStack {
  readonly slotMap: SlotMapStore;

  constructor(scope: Construct, plan: Plan) {
    super(scope, {
      stackName: plan.names.prefix,
      awsRegion: plan.globalRegion,
      account: 'current',
      description: `Iris ${plan.environment}: DNS zone and slot map`,
      isProtected: true,
    });
    if (plan.hostedZoneId === null) {
      const zone = new EnvironmentZone(this, 'Zone', { domain: plan.domain });
      new CfnOutput(this, HOSTED_ZONE_OUTPUT, { value: zone.hostedZoneId });
    }
    this.slotMap = new SlotMapStore(this, 'SlotMap', {
      name: `iris-${plan.environment}`,
      parameterName: plan.names.slotMapParameter,
      slotMap: slotMapOf(plan),
    });
  }
}
