import { CfnBucket, CfnBucketPolicy } from 'aws-cdk-lib/aws-s3';
import { Aws, type Duration, Lazy, Token } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { numberText, refuse } from './known-props.ts';
import { retained } from './retained.ts';

/** Days an overwritten or deleted object can be brought back, and an upload that nobody finished lies around. */
const NONCURRENT_DAYS = 30;
const UPLOAD_DAYS = 7;
const RARE_ACCESS_DAYS_MIN = 30;

/** An IAM statement of a bucket’s policy. */
export type BucketStatement = Readonly<Record<string, unknown>> & { readonly Effect: 'Allow' | 'Deny' };

/** When objects move to a cheaper class, by their age. */
export interface StorageMove {
  readonly afterDays: number;
  readonly storageClass: 'STANDARD_IA' | 'GLACIER_IR' | 'GLACIER' | 'DEEP_ARCHIVE';
}

export interface PrivateBucketProps {
  /** @default none */
  readonly moves?: readonly StorageMove[];
  /** Age in days at which objects are deleted. @default kept for ever */
  readonly expireAfterDays?: number;
  /**
   * False for objects whose deletion shall end their bill, such as old backups.
   * @default true - what was overwritten or deleted can be brought back for 30 days
   */
  readonly keepsOverwritten?: boolean;
  /** Name of the bucket that takes the access log. @default not logged, as befits a bucket of logs */
  readonly logBucketName?: string;
  /** Prefix of this bucket’s lines there. */
  readonly logPrefix?: string;
  /** True for a bucket that takes the access logs of others of the account. */
  readonly takesLogs?: boolean;
  /**
   * A presigned request that is older is refused, whatever its signer allowed (A16).
   * @default what the signer allowed, a week at most
   */
  readonly presignedMax?: Duration;
}

/** A bucket that is never public: TLS 1.2 or newer only, encrypted, its owner’s rules instead of ACLs, kept when its stack goes (A16, A17). */
export class PrivateBucket extends Construct {
  readonly bucketName: string;
  readonly arn: string;
  /** Host name within its AWS region, as CloudFront wants it. */
  readonly regionalDomainName: string;
  private readonly statements: BucketStatement[] = [];

  /** @throws IrisError SYNTH_FAILED for moves that S3 would refuse. */
  constructor(scope: Construct, id: string, props: PrivateBucketProps) {
    super(scope, id);
    expectMoves(this.node.path, props);
    const bucket = retained(
      new CfnBucket(this, 'Bucket', {
        publicAccessBlockConfiguration: {
          blockPublicAcls: true,
          blockPublicPolicy: true,
          ignorePublicAcls: true,
          restrictPublicBuckets: true,
        },
        ownershipControls: { rules: [{ objectOwnership: 'BucketOwnerEnforced' }] },
        bucketEncryption: { serverSideEncryptionConfiguration: [{ serverSideEncryptionByDefault: { sseAlgorithm: 'AES256' } }] },
        ...(props.keepsOverwritten === false ? {} : { versioningConfiguration: { status: 'Enabled' } }),
        lifecycleConfiguration: { rules: [lifecycleRule(props)] },
        ...(props.logBucketName === undefined ? {} : { loggingConfiguration: logging(props) }),
      }),
    );
    this.bucketName = bucket.ref;
    this.arn = bucket.attrArn;
    this.regionalDomainName = bucket.attrRegionalDomainName;
    this.statements.push(...this.refusals(props.presignedMax));
    if (props.takesLogs === true) this.statements.push(this.logDelivery());
    new CfnBucketPolicy(this, 'Policy', {
      bucket: this.bucketName,
      policyDocument: { Version: '2012-10-17', Statement: Lazy.any({ produce: () => this.statements }) },
    });
  }

  allow(statement: Omit<BucketStatement, 'Effect'>): void {
    this.statements.push({ Effect: 'Allow', ...statement });
  }

  private refusals(presignedMax: Duration | undefined): BucketStatement[] {
    const refuse = (Condition: object): BucketStatement => ({
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:*',
      Resource: [this.arn, `${this.arn}/*`],
      Condition,
    });
    return [
      refuse({ Bool: { 'aws:SecureTransport': 'false' } }),
      refuse({ NumericLessThan: { 's3:TlsVersion': '1.2' } }),
      ...(presignedMax === undefined ? [] : [refuse(isOldPresigned(presignedMax))]),
    ];
  }

  private logDelivery(): BucketStatement {
    return {
      Effect: 'Allow',
      Principal: { Service: 'logging.s3.amazonaws.com' },
      Action: 's3:PutObject',
      Resource: `${this.arn}/*`,
      Condition: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
    };
  }
}

function isOldPresigned(max: Duration): object {
  return {
    StringEquals: { 's3:authType': 'REST-QUERY-STRING' },
    NumericGreaterThan: { 's3:signatureAge': numberText(max.toMilliseconds()) },
  };
}

/** S3 keeps objects a month before the first class of rare access, and moves none that has gone. */
function expectMoves(path: string, { moves = [], expireAfterDays = Number.POSITIVE_INFINITY }: PrivateBucketProps): void {
  for (const { afterDays, storageClass } of moves) {
    if (Token.isUnresolved(afterDays) || Token.isUnresolved(expireAfterDays)) continue;
    if (storageClass === 'STANDARD_IA' && afterDays < RARE_ACCESS_DAYS_MIN)
      refuse(`${path}: objects move to ${storageClass} after ${afterDays} days, S3 wants ${RARE_ACCESS_DAYS_MIN} at least`);
    if (afterDays >= expireAfterDays)
      refuse(`${path}: objects move to ${storageClass} after ${afterDays} days and go after ${expireAfterDays}; move them earlier`);
  }
}

function lifecycleRule({ moves = [], expireAfterDays, keepsOverwritten = true }: PrivateBucketProps): CfnBucket.RuleProperty {
  return {
    id: 'age',
    status: 'Enabled',
    abortIncompleteMultipartUpload: { daysAfterInitiation: UPLOAD_DAYS },
    ...(keepsOverwritten ? { noncurrentVersionExpiration: { noncurrentDays: NONCURRENT_DAYS } } : {}),
    ...(moves.length === 0
      ? {}
      : { transitions: moves.map(({ afterDays, storageClass }) => ({ transitionInDays: afterDays, storageClass })) }),
    ...(expireAfterDays === undefined ? {} : { expirationInDays: expireAfterDays }),
  };
}

function logging({ logBucketName, logPrefix }: PrivateBucketProps): CfnBucket.LoggingConfigurationProperty {
  return { destinationBucketName: logBucketName!, ...(logPrefix === undefined ? {} : { logFilePrefix: logPrefix }) };
}
