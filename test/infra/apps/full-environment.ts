import type { Environment } from '../../../environments/environment.ts';
import { growth } from '../../../environments/growth.ts';

/** A public key as a media store takes it. */
export const PUBLIC_KEY = [
  '-----BEGIN PUBLIC KEY-----',
  'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEVs/o5+uQbTjL3chynL4wXgUg2R9',
  'q9UU8I5mEovUf86QZ7kOBIjJwqnzD1omageEHWwHdBO6B+dFabmdT9POxg==',
  '-----END PUBLIC KEY-----',
  '',
].join('\n');

/** The distributed foundation with every part that an environment may leave out. */
export const fullEnvironment: Environment = {
  ...growth,
  media: { signingKey: PUBLIC_KEY },
  geoRouting: ['route53', 'anycast'],
  clientTls: 'acm',
};
