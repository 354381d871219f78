/**
 * Buckets for media and for an archive in a CDK app of yours, and CloudFront that answers signed URLs only.
 * Run it with `node examples/media-store.ts`; the template comes to cdk.out/media-store.
 */
import { generateKeyPairSync } from 'node:crypto';
import { App, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import { MediaStore } from '../constructs/aws/index.ts';

// Yours comes from a file; its private half stays with whoever signs URLs.
const { publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

const app = new App({ outdir: 'cdk.out/media-store' });
const stack = new Stack(app, 'media', { env: { region: 'eu-central-1' }, terminationProtection: true });
const store = new MediaStore(stack, 'Media', { name: 'chat', signingKey: publicKey, presignedMax: Duration.minutes(5) });
new CfnOutput(stack, 'MediaHost', { value: store.domainName });
new CfnOutput(stack, 'SigningKeyId', { value: store.signingKeyId });

app.synth();
