/**
 * A bucket for exports in a CDK app of yours that is never public, moves what is old to a cheaper class, and logs who reads it in another one.
 * Run it with `node examples/private-bucket.ts`; the template comes to cdk.out/private-bucket.
 */
import { App, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import { PrivateBucket } from '../constructs/aws/index.ts';

const app = new App({ outdir: 'cdk.out/private-bucket' });
const stack = new Stack(app, 'exports', { env: { region: 'eu-central-1' }, terminationProtection: true });

const logs = new PrivateBucket(stack, 'Logs', { takesLogs: true, keepsOverwritten: false, expireAfterDays: 90 });
const bucket = new PrivateBucket(stack, 'Exports', {
  moves: [
    { afterDays: 30, storageClass: 'STANDARD_IA' },
    { afterDays: 90, storageClass: 'GLACIER' },
  ],
  expireAfterDays: 365,
  presignedMax: Duration.minutes(5),
  logBucketName: logs.bucketName,
  logPrefix: 'exports/',
});
bucket.allow({
  Principal: { AWS: 'arn:aws:iam::111111111111:role/auditor' },
  Action: 's3:GetObject',
  Resource: `${bucket.arn}/*`,
});
new CfnOutput(stack, 'Bucket', { value: bucket.bucketName });

app.synth();
