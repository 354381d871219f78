import type { Construct } from 'constructs';
import { GeoRouting } from '../../constructs/aws/geo-routing.ts';
import { endpointHostOf } from '../plan/names.ts';
import type { Plan } from '../plan/plan.ts';
import { hostedZoneIdOf } from './node-boot.ts';
import { IrisStack } from './region-stack.ts';

/**
 * Geolocation records. A stack of its own because it comes last: Route 53 refuses an alias to a name that is not there yet, and a region
 * that leaves loses its record before its load balancer (A27).
 */
export class RoutingStack extends IrisStack {
  constructor(scope: Construct, plan: Plan) {
    super(scope, {
      stackName: `${plan.names.prefix}-routing`,
      awsRegion: plan.globalRegion,
      account: 'current',
      description: `Iris ${plan.environment}: geo-routing`,
      isProtected: false,
    });
    new GeoRouting(this, 'Routing', {
      hostedZoneId: hostedZoneIdOf(plan),
      host: endpointHostOf(plan, 'route53'),
      regions: plan.regions.map(({ code, addresses, serves }) => ({
        code,
        edgeHost: addresses.edgeHost,
        continents: serves.continents,
        countries: serves.countries,
        isDefault: serves.default,
        ...(serves.weight === undefined ? {} : { weight: serves.weight }),
      })),
    });
  }
}
