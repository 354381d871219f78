/**
 * Geolocation routing by Route 53 between two regions that have names of their own in the zone.
 * Run it with `node examples/geo-routing.ts`; the template comes to cdk.out/geo-routing.
 */
import { App, Stack } from 'aws-cdk-lib';
import { GeoRouting } from '../constructs/aws/index.ts';

const app = new App({ outdir: 'cdk.out/geo-routing' });
const stack = new Stack(app, 'routing', { env: { region: 'us-east-1' } });

new GeoRouting(stack, 'Routing', {
  hostedZoneId: 'Z0123456789ABCDEFGHIJ',
  host: 'chat.example.com',
  regions: [
    { code: 'tokyo', edgeHost: 'edge-tokyo.example.com', continents: ['AS'], countries: [], isDefault: true },
    { code: 'sydney', edgeHost: 'edge-sydney.example.com', continents: ['OC'], countries: ['AU', 'NZ'], isDefault: false },
  ],
});

app.synth();
