import { Fn } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { ANYCAST_AWS_REGION, AnycastRouting } from '../../constructs/aws/anycast-routing.ts';
import { CLIENT_PORT, endpointHostOf } from '../plan/names.ts';
import type { Plan } from '../plan/plan.ts';
import { LOAD_BALANCER_OUTPUT } from './edge-stack.ts';
import { hostedZoneIdOf } from './node-boot.ts';
import { IrisStack } from './region-stack.ts';

/** One pair of addresses for all regions. Comes with the routing wave: it reads each region’s load balancer, which must be there. */
export class AnycastStack extends IrisStack {
  constructor(scope: Construct, plan: Plan) {
    super(scope, {
      stackName: `${plan.names.prefix}-anycast`,
      awsRegion: ANYCAST_AWS_REGION,
      account: plan.globalAccount,
      description: `Iris ${plan.environment}: anycast`,
      isProtected: false,
    });
    new AnycastRouting(this, 'Anycast', {
      name: `iris-${plan.environment}`,
      clientPort: CLIENT_PORT,
      ...(plan.config.anycastAddresses.length > 0 ? { addresses: plan.config.anycastAddresses } : {}),
      regions: plan.regions.map(({ code, awsRegion, names, serves }) => ({
        code,
        awsRegion,
        loadBalancerArn: Fn.getStackOutput(`${names.prefix}-edge`, LOAD_BALANCER_OUTPUT, awsRegion),
        ...(serves.weight === undefined ? {} : { weight: serves.weight }),
      })),
      record: { hostedZoneId: hostedZoneIdOf(plan), host: endpointHostOf(plan, 'anycast') },
    });
  }
}
