import { CfnOutput } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { CoreNetwork } from '../../constructs/aws/core-network.ts';
import { EnvironmentZone } from '../../constructs/aws/environment-zone.ts';
import { SlotMapStore } from '../../constructs/aws/slot-map-store.ts';
import type { Plan } from '../plan/plan.ts';
import { slotMapOf } from '../plan/slot-map.ts';
import { CORE_NETWORK_OUTPUTS } from './network-stack.ts';
import { HOSTED_ZONE_OUTPUT } from './node-boot.ts';
import { IrisStack } from './region-stack.ts';

/** What regions need before they start: the DNS zone, unless the environment brings its own, and the planned slot map. */
export class GlobalStack extends IrisStack {
  readonly slotMap: SlotMapStore;

  constructor(scope: Construct, plan: Plan) {
    super(scope, {
      stackName: plan.names.prefix,
      awsRegion: plan.globalRegion,
      account: plan.globalAccount,
      description: `Iris ${plan.environment}: DNS zone and slot map`,
      isProtected: true,
    });
    if (plan.hostedZoneId === null) {
      const zone = new EnvironmentZone(this, 'Zone', { domain: plan.domain });
      new CfnOutput(this, HOSTED_ZONE_OUTPUT, { value: zone.hostedZoneId });
    }
    if (plan.regionJoin === 'cloud-wan') {
      const awsRegions = [
        ...new Set([...plan.regions, ...plan.leaving].filter(({ code }) => !plan.apart.includes(code)).map(({ awsRegion }) => awsRegion)),
      ];
      const core = new CoreNetwork(this, 'CoreNetwork', {
        name: `iris-${plan.environment}`,
        awsRegions,
        sharedWith: plan.accounts.filter((account) => account !== plan.globalAccount),
      });
      new CfnOutput(this, CORE_NETWORK_OUTPUTS.id, { value: core.coreNetworkId });
      new CfnOutput(this, CORE_NETWORK_OUTPUTS.arn, { value: core.coreNetworkArn });
    }
    this.slotMap = new SlotMapStore(this, 'SlotMap', {
      name: `iris-${plan.environment}`,
      parameterName: plan.names.slotMapParameter,
      slotMap: slotMapOf(plan),
    });
  }
}
