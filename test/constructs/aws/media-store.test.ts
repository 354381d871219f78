import assert from 'node:assert/strict';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { App, Stack } from 'aws-cdk-lib/core';
import { MediaStore } from '../../../constructs/aws/media-store.ts';

const PEM = '-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----\n';

function templateOf(signingKey = PEM): Template {
  const stack = new Stack(new App(), 'test');
  new MediaStore(stack, 'Media', { name: 'iris-growth-tokyo', signingKey });
  return Template.fromStack(stack);
}

describe('media store', () => {
  const template = templateOf();
  const buckets = Object.entries(template.findResources('AWS::S3::Bucket'));
  const policies = Object.values(template.findResources('AWS::S3::BucketPolicy'));
  const rules = (part: string) => buckets.find(([id]) => id.includes(part))?.[1]['Properties'].LifecycleConfiguration.Rules[0];

  it('makes objects cheaper after 30 and 90 days and deletes them after 365 (D12)', () => {
    const moves = (first: string, second: string) => [
      { StorageClass: first, TransitionInDays: 30 },
      { StorageClass: second, TransitionInDays: 90 },
    ];
    assert.deepEqual([rules('MediaBucket').Transitions, rules('MediaBucket').ExpirationInDays], [moves('STANDARD_IA', 'GLACIER_IR'), 365]);
    assert.deepEqual([rules('Archive').Transitions, rules('Archive').ExpirationInDays], [moves('STANDARD_IA', 'GLACIER'), 365]);
  });

  it('has no public bucket, encrypts and keeps all of them, and logs all but the logs (A16, A17)', () => {
    assert.equal(buckets.length, 3);
    for (const [id, { Properties, DeletionPolicy, UpdateReplacePolicy }] of buckets) {
      assert.deepEqual(Object.values(Properties.PublicAccessBlockConfiguration), [true, true, true, true], id);
      assert.equal(Properties.OwnershipControls.Rules[0].ObjectOwnership, 'BucketOwnerEnforced');
      assert.match(JSON.stringify(Properties.BucketEncryption), /AES256/);
      assert.deepEqual([DeletionPolicy, UpdateReplacePolicy], ['Retain', 'Retain'], id);
      assert.equal(Properties.LoggingConfiguration === undefined, id.includes('Logs'), id);
    }
  });

  it('refuses what comes without TLS 1.2 to every bucket (A16)', () => {
    assert.equal(policies.length, 3);
    for (const { Properties } of policies) {
      const refusals = Properties.PolicyDocument.Statement.filter(({ Effect }: { Effect: string }) => Effect === 'Deny');
      const conditions = JSON.stringify(refusals.map(({ Condition }: { Condition: object }) => Condition));
      assert.match(conditions, /"Bool":\{"aws:SecureTransport":"false"\}/);
      assert.match(conditions, /"NumericLessThan":\{"s3:TlsVersion":"1.2"\}/);
    }
  });

  it('refuses a presigned request that is older than 15 minutes, whoever signed it for longer (A16)', () => {
    const conditions = policies.flatMap(({ Properties }) =>
      Properties.PolicyDocument.Statement.map((one: { Condition: object }) => one.Condition),
    );
    const aged = conditions.filter((condition) => JSON.stringify(condition).includes('signatureAge'));
    assert.deepEqual(aged, [{ StringEquals: { 's3:authType': 'REST-QUERY-STRING' }, NumericGreaterThan: { 's3:signatureAge': '900000' } }]);
  });

  it('is read through CloudFront by signed URLs only, over TLS, cached for a day under its ETag (D10)', () => {
    template.hasResourceProperties('AWS::CloudFront::Distribution', {
      DistributionConfig: {
        DefaultCacheBehavior: {
          TrustedKeyGroups: [Match.anyValue()],
          ViewerProtocolPolicy: 'https-only',
          AllowedMethods: ['GET', 'HEAD'],
          Compress: false,
        },
        Origins: [Match.objectLike({ OriginAccessControlId: Match.anyValue(), S3OriginConfig: { OriginAccessIdentity: '' } })],
      },
    });
    template.hasResourceProperties('AWS::CloudFront::CachePolicy', {
      CachePolicyConfig: { DefaultTTL: 86_400, MaxTTL: 86_400, MinTTL: 0 },
    });
    const allowed = policies.flatMap(({ Properties }) =>
      Properties.PolicyDocument.Statement.filter(({ Effect }: { Effect: string }) => Effect === 'Allow'),
    );
    const readers = allowed.filter(({ Action }: { Action: string }) => Action === 's3:GetObject');
    assert.equal(readers.length, 1);
    assert.deepEqual(readers[0].Principal, { Service: 'cloudfront.amazonaws.com' });
    assert.match(JSON.stringify(readers[0].Condition), /AWS:SourceArn.*distribution\//);
  });

  it('makes another resource of another signing key, which CloudFront cannot change', () => {
    const other = templateOf(PEM.replace('MFkw', 'MFkx'));
    const idOf = (one: Template) => Object.keys(one.findResources('AWS::CloudFront::PublicKey'))[0];
    assert.notEqual(idOf(template), idOf(other));
  });
});
