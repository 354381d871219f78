/**
 * Geo-steered Cloudflare balancer in a CDKTF app of your own. Run it with `node examples/cloudflare-routing.ts`; the Terraform
 * configuration comes to cdktf.out. The names are DNS only: Cloudflare does not proxy raw TCP without Spectrum.
 */

import { CloudflareProvider } from '@cdktf/provider-cloudflare/lib/provider/index.js';
import { App, LocalBackend, TerraformOutput, TerraformStack } from 'cdktf';
import { GeoBalancer, steeringRegionsOf } from '../constructs/cloudflare/index.ts';

const app = new App({ outdir: 'cdktf.out' });
const stack = new TerraformStack(app, 'routing');
new LocalBackend(stack, { path: 'routing.tfstate' });
new CloudflareProvider(stack, 'Cloudflare', {});
new GeoBalancer(stack, 'Routing', {
  accountId: '0123456789abcdef0123456789abcdef',
  zoneId: 'fedcba9876543210fedcba9876543210',
  name: 'chat',
  host: 'chat.example.com',
  clientPort: 8443,
  regions: [
    { code: 'tokyo', edgeHost: 'edge-tokyo.chat.example.com', continents: ['AS', 'OC'], countries: [], isDefault: true },
    { code: 'frankfurt', edgeHost: 'edge-frankfurt.chat.example.com', continents: ['EU', 'AF'], countries: ['TR'], isDefault: false },
  ],
});
// Which of Cloudflare’s regions that makes of Tokyo’s continents.
new TerraformOutput(stack, 'tokyo-serves', { value: ['AS', 'OC'].flatMap((continent) => [...steeringRegionsOf(continent)]) });

app.synth();
