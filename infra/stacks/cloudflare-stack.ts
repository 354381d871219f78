import { CloudflareProvider } from '@cdktf/provider-cloudflare/lib/provider/index.js';
import { LocalBackend, TerraformStack, TerraformVariable } from 'cdktf';
import type { Construct } from 'constructs';
import { GeoBalancer } from '../../constructs/cloudflare/geo-balancer.ts';
import { CLIENT_PORT, endpointHostOf } from '../plan/names.ts';
import type { Plan } from '../plan/plan.ts';

/** Geo-routing by Cloudflare. Its credentials come from the provider’s own variables, ids from Terraform’s. */
export class CloudflareStack extends TerraformStack {
  constructor(scope: Construct, plan: Plan) {
    super(scope, `${plan.names.prefix}-cloudflare`);
    // Without a path of its own, CDKTF writes this machine’s folder into the template.
    new LocalBackend(this, { path: `${plan.names.prefix}.tfstate` });
    new CloudflareProvider(this, 'Cloudflare', {});
    const accountId = new TerraformVariable(this, 'cloudflare_account_id', { type: 'string', description: 'Account that owns the pools.' });
    const zoneId = new TerraformVariable(this, 'cloudflare_zone_id', {
      type: 'string',
      description: `Zone that holds ${endpointHostOf(plan, 'cloudflare')}.`,
    });
    new GeoBalancer(this, 'Routing', {
      accountId: accountId.stringValue,
      zoneId: zoneId.stringValue,
      name: `iris-${plan.environment}`,
      host: endpointHostOf(plan, 'cloudflare'),
      clientPort: CLIENT_PORT,
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
