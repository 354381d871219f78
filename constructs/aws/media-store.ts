import { createHash } from 'node:crypto';
import { CfnCachePolicy, CfnDistribution, CfnKeyGroup, CfnOriginAccessControl, CfnPublicKey } from 'aws-cdk-lib/aws-cloudfront';
import { Aws, Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { expectKnown } from './known-props.ts';
import { PrivateBucket } from './private-bucket.ts';

/** Days of a message’s life at which what belongs to it gets cheaper, then goes (D12). */
const COLD_DAYS = 30;
const ARCHIVED_DAYS = 90;
const GONE_DAYS = 365;
/** Days that access logs are kept. */
const LOG_DAYS = 90;
const ORIGIN = 'media';

export interface MediaStoreProps {
  /** Begins names that CloudFront wants unique in an account; at most 100 characters. */
  readonly name: string;
  /** PEM public key, RSA of 2,048 bits or ECDSA P-256, whose private half signs the URLs that clients get. */
  readonly signingKey: string;
  /**
   * How old a presigned S3 request may be, such as an upload’s (A16).
   * @default Duration.minutes(15)
   */
  readonly presignedMax?: Duration;
  /**
   * How long CloudFront answers from its cache without asking S3 again; then S3 says by the object’s ETag that nothing changed (D10).
   * @default Duration.hours(24) - media never change under their name
   */
  readonly cacheFor?: Duration;
}

/**
 * Media of one region, and its archive of old messages: two private buckets whose objects get cheaper after 30 and 90 days and go after a
 * year, logged into a third one. Media are read through CloudFront, by signed URLs only; nothing else may read them.
 */
export class MediaStore extends Construct {
  readonly media: PrivateBucket;
  readonly archive: PrivateBucket;
  /** Host name of the signed URLs. */
  readonly domainName: string;
  /** What a signed URL names its key by. */
  readonly signingKeyId: string;

  /** @throws IrisError SYNTH_FAILED for a key that is not known when the template is written: its resource is named after it. */
  constructor(scope: Construct, id: string, props: MediaStoreProps) {
    super(scope, id);
    expectKnown(`signingKey of ${props.name}`, props.signingKey);
    const logs = new PrivateBucket(this, 'Logs', { expireAfterDays: LOG_DAYS, takesLogs: true });
    this.media = new PrivateBucket(this, 'Media', {
      moves: [
        { afterDays: COLD_DAYS, storageClass: 'STANDARD_IA' },
        // Read at once, as a picture in an old conversation has to be.
        { afterDays: ARCHIVED_DAYS, storageClass: 'GLACIER_IR' },
      ],
      expireAfterDays: GONE_DAYS,
      logBucketName: logs.bucketName,
      logPrefix: 'media/',
      presignedMax: props.presignedMax ?? Duration.minutes(15),
    });
    this.archive = new PrivateBucket(this, 'Archive', {
      moves: [
        { afterDays: COLD_DAYS, storageClass: 'STANDARD_IA' },
        { afterDays: ARCHIVED_DAYS, storageClass: 'GLACIER' },
      ],
      expireAfterDays: GONE_DAYS,
      logBucketName: logs.bucketName,
      logPrefix: 'archive/',
    });
    // CloudFront changes no key: another one is another resource, made before the old one goes.
    const keyHash = createHash('sha256').update(props.signingKey).digest('hex').slice(0, 8);
    const keyName = `${props.name}-media-${keyHash}`;
    const key = new CfnPublicKey(this, `SigningKey-${keyHash}`, {
      publicKeyConfig: { name: keyName, callerReference: keyName, encodedKey: props.signingKey },
    });
    this.signingKeyId = key.ref;
    this.domainName = this.addDistribution(props).attrDomainName;
  }

  private addDistribution({ name, cacheFor = Duration.hours(24) }: MediaStoreProps): CfnDistribution {
    const signers = new CfnKeyGroup(this, 'Signers', { keyGroupConfig: { name: `${name}-media`, items: [this.signingKeyId] } });
    const access = new CfnOriginAccessControl(this, 'Access', {
      originAccessControlConfig: {
        name: `${name}-media`,
        originAccessControlOriginType: 's3',
        signingBehavior: 'always',
        signingProtocol: 'sigv4',
      },
    });
    const distribution = new CfnDistribution(this, 'Distribution', {
      distributionConfig: {
        comment: `${name} media`,
        enabled: true,
        httpVersion: 'http2and3',
        ipv6Enabled: true,
        origins: [
          {
            id: ORIGIN,
            domainName: this.media.regionalDomainName,
            originAccessControlId: access.ref,
            s3OriginConfig: { originAccessIdentity: '' },
          },
        ],
        defaultCacheBehavior: {
          targetOriginId: ORIGIN,
          viewerProtocolPolicy: 'https-only',
          allowedMethods: ['GET', 'HEAD'],
          cachePolicyId: this.addCachePolicy(name, cacheFor).ref,
          // Media are compressed already, and S3’s ETag then reaches the client as it is.
          compress: false,
          trustedKeyGroups: [signers.ref],
        },
      },
    });
    const arn = `arn:${Aws.PARTITION}:cloudfront::${Aws.ACCOUNT_ID}:distribution/${distribution.ref}`;
    this.media.allow({
      Principal: { Service: 'cloudfront.amazonaws.com' },
      Action: 's3:GetObject',
      Resource: `${this.media.arn}/*`,
      Condition: { StringEquals: { 'AWS:SourceArn': arn } },
    });
    return distribution;
  }

  private addCachePolicy(name: string, cacheFor: Duration): CfnCachePolicy {
    return new CfnCachePolicy(this, 'Caching', {
      cachePolicyConfig: {
        name: `${name}-media`,
        minTtl: 0,
        defaultTtl: cacheFor.toSeconds(),
        maxTtl: cacheFor.toSeconds(),
        parametersInCacheKeyAndForwardedToOrigin: {
          cookiesConfig: { cookieBehavior: 'none' },
          headersConfig: { headerBehavior: 'none' },
          queryStringsConfig: { queryStringBehavior: 'none' },
          enableAcceptEncodingGzip: false,
          enableAcceptEncodingBrotli: false,
        },
      },
    });
  }
}
