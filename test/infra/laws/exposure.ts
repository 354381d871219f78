import { type DeployedStack, type PlacedResource, property, resourcesIn, where } from './deployed-stacks.ts';

type Rule = Readonly<Record<string, unknown>>;

/** Ways into the network from everywhere but the load balancer’s client port, and any way to SSH (A15). */
export function openPorts(stacks: readonly DeployedStack[], clientPort: number): string[] {
  return rulesIn(stacks).flatMap(({ resource, rule }) => {
    const [from, to] = [Number(rule['FromPort'] ?? 0), Number(rule['ToPort'] ?? 65_535)];
    const problems = from <= 22 && to >= 22 && rule['IpProtocol'] !== 'udp' ? [`${where(resource)} opens SSH`] : [];
    const isPublic = [rule['CidrIp'], rule['CidrIpv6']].some((block) => block === '0.0.0.0/0' || block === '::/0');
    const isClientPort = from === clientPort && to === clientPort && /LoadBalancer/.test(JSON.stringify(rule['GroupId'] ?? resource.id));
    return isPublic && !isClientPort ? [...problems, `${where(resource)} opens ${from}-${to} to the Internet`] : problems;
  });
}

/** How many ways from everywhere there are; 0 would make the law above say nothing. */
export function publicRules(stacks: readonly DeployedStack[]): number {
  return rulesIn(stacks).filter(({ rule }) => rule['CidrIp'] === '0.0.0.0/0').length;
}

function rulesIn(stacks: readonly DeployedStack[]): { readonly resource: PlacedResource; readonly rule: Rule }[] {
  const apart = resourcesIn(stacks, 'AWS::EC2::SecurityGroupIngress').map((resource) => ({ resource, rule: resource.Properties ?? {} }));
  const inside = resourcesIn(stacks, 'AWS::EC2::SecurityGroup').flatMap((resource) =>
    ((property(resource, 'SecurityGroupIngress') ?? []) as readonly Rule[]).map((rule) => ({ resource, rule })),
  );
  return [...apart, ...inside];
}

/** Buckets that the world could read, that take plain HTTP, or whose readers nobody sees (A16). */
export function openBuckets(stacks: readonly DeployedStack[]): string[] {
  return resourcesIn(stacks, 'AWS::S3::Bucket').flatMap((bucket) => {
    const block = (property(bucket, 'PublicAccessBlockConfiguration') ?? {}) as Rule;
    const isClosed = ['BlockPublicAcls', 'BlockPublicPolicy', 'IgnorePublicAcls', 'RestrictPublicBuckets'].every(
      (key) => block[key] === true,
    );
    const policies = resourcesIn([bucket.stack], 'AWS::S3::BucketPolicy').filter((policy) =>
      JSON.stringify(policy.Properties?.['Bucket']).includes(bucket.id),
    );
    const isTlsOnly = policies.some((policy) => /"Effect":"Deny".*"aws:SecureTransport":"?false/.test(ordered(policy)));
    const isLogged = property(bucket, 'LoggingConfiguration.DestinationBucketName') !== undefined || takesLogs(policies);
    return [
      ...(isClosed ? [] : [`${where(bucket)} may become public`]),
      ...(isTlsOnly ? [] : [`${where(bucket)} takes requests without TLS`]),
      ...(isLogged ? [] : [`${where(bucket)} does not log who reads it`]),
    ];
  });
}

/** A bucket of logs need not log itself. */
function takesLogs(policies: readonly PlacedResource[]): boolean {
  return policies.some((policy) => /"Effect":"Allow".*logging\.s3\.amazonaws\.com/.test(ordered(policy)));
}

/** Media buckets that take presigned requests older than a quarter of an hour, whatever their signer allowed (A16). */
export function oldPresigned(stacks: readonly DeployedStack[]): string[] {
  const media = resourcesIn(stacks, 'AWS::S3::Bucket').filter(({ id }) => /MediaBucket/.test(id));
  return media.flatMap((bucket) => {
    const statements = resourcesIn([bucket.stack], 'AWS::S3::BucketPolicy')
      .filter((policy) => JSON.stringify(policy.Properties?.['Bucket']).includes(bucket.id))
      .flatMap((policy) => (property(policy, 'PolicyDocument.Statement') ?? []) as readonly Rule[]);
    const ages = statements.flatMap(({ Effect, Condition }) => {
      const age = (Condition as Rule | undefined)?.['NumericGreaterThan'] as Rule | undefined;
      return Effect === 'Deny' && age !== undefined ? [Number(age['s3:signatureAge'])] : [];
    });
    return ages.some((age) => age <= PRESIGNED_MS_MAX) ? [] : [`${where(bucket)} takes presigned requests of any age`];
  });
}

const PRESIGNED_MS_MAX = 900_000;

function ordered({ Properties }: PlacedResource): string {
  const statements = ((Properties?.['PolicyDocument'] as { Statement?: Rule[] })?.Statement ?? []).map(({ Effect, ...rest }) => ({
    Effect,
    ...rest,
  }));
  return JSON.stringify(statements);
}

interface Encryption {
  readonly type: string;
  readonly what: string;
  readonly holds: (resource: PlacedResource) => boolean;
}

const ENCRYPTION: readonly Encryption[] = [
  { type: 'AWS::EC2::Volume', what: 'its data', holds: (volume) => property(volume, 'Encrypted') === true },
  {
    type: 'AWS::EC2::LaunchTemplate',
    what: 'its disks',
    holds: (one) => areEncrypted(property(one, 'LaunchTemplateData.BlockDeviceMappings')),
  },
  {
    type: 'AWS::EC2::Instance',
    what: 'its disks',
    // One that is made of a launch template has that one's disks.
    holds: (one) => areEncrypted(property(one, 'BlockDeviceMappings')) || property(one, 'LaunchTemplate.LaunchTemplateId') !== undefined,
  },
  {
    type: 'AWS::MSK::Cluster',
    what: 'what clients send',
    holds: (one) => property(one, 'EncryptionInfo.EncryptionInTransit.ClientBroker') === 'TLS',
  },
  { type: 'AWS::MSK::Cluster', what: 'what brokers keep', holds: (one) => property(one, 'EncryptionInfo.EncryptionAtRest') !== undefined },
  { type: 'AWS::ElastiCache::ReplicationGroup', what: 'what it sends', holds: (one) => property(one, 'TransitEncryptionEnabled') === true },
  { type: 'AWS::ElastiCache::ReplicationGroup', what: 'what it keeps', holds: (one) => property(one, 'AtRestEncryptionEnabled') === true },
  { type: 'AWS::S3::Bucket', what: 'its objects', holds: (bucket) => property(bucket, 'BucketEncryption') !== undefined },
  { type: 'AWS::SNS::Topic', what: 'its messages', holds: (topic) => property(topic, 'KmsMasterKeyId') !== undefined },
];

/** What is kept or sent in the clear (A17). */
export function unencrypted(stacks: readonly DeployedStack[]): string[] {
  return ENCRYPTION.flatMap(({ type, what, holds }) =>
    resourcesIn(stacks, type)
      .filter((resource) => !holds(resource))
      .map((resource) => `${where(resource)} does not encrypt ${what}`),
  );
}

function areEncrypted(mappings: unknown): boolean {
  if (!Array.isArray(mappings) || mappings.length === 0) return false;
  return mappings.every((mapping: { Ebs?: { Encrypted?: unknown } }) => mapping.Ebs === undefined || mapping.Ebs.Encrypted === true);
}
