import type { Construct } from 'constructs';
import { type AliasedBalancer, GeoRouting } from '../../constructs/aws/geo-routing.ts';
import { endpointHostOf } from '../plan/names.ts';
import type { Plan, RegionPlan } from '../plan/plan.ts';
import { ALIAS_OUTPUTS } from './edge-stack.ts';
import { hostedZoneIdOf } from './node-boot.ts';
import { IrisStack } from './region-stack.ts';
import { outputOf } from './stack-outputs.ts';

/**
 * Geolocation records. A stack of its own because it comes last: Route 53 refuses an alias to a name that is not there yet, and a region
 * that leaves loses its record before its load balancer (A27).
 */
export class RoutingStack extends IrisStack {
  constructor(scope: Construct, plan: Plan) {
    super(scope, {
      stackName: `${plan.names.prefix}-routing`,
      awsRegion: plan.globalRegion,
      account: plan.globalAccount,
      description: `Iris ${plan.environment}: geo-routing`,
      isProtected: false,
    });
    new GeoRouting(this, 'Routing', {
      hostedZoneId: hostedZoneIdOf(plan),
      host: endpointHostOf(plan, 'route53'),
      regions: plan.regions.map((region) => ({
        code: region.code,
        edgeHost: region.addresses.edgeHost,
        ...balancerOf(plan, region),
        continents: region.serves.continents,
        countries: region.serves.countries,
        isDefault: region.serves.default,
        ...(region.serves.weight === undefined ? {} : { weight: region.serves.weight }),
      })),
    });
  }
}

/** An alias names records of its own zone, or a load balancer: of a region whose names are in another account’s zone, that one (0063). */
function balancerOf(plan: Plan, { accountZone, account, awsRegion, names }: RegionPlan): { balancer?: AliasedBalancer } {
  if (accountZone === null) return {};
  const output = (name: string) => outputOf(plan, plan.globalAccount, { stack: `${names.prefix}-edge`, output: name, awsRegion, account });
  return { balancer: { dnsName: output(ALIAS_OUTPUTS.dnsName), canonicalZoneId: output(ALIAS_OUTPUTS.zoneId) } };
}
