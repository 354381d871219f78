import { type DeployedStack, type PlacedResource, resourcesIn, where } from './deployed-stacks.ts';

/** What holds data, or an identity that others hold on to: lost when it is replaced or deleted. */
const STATEFUL = new Set([
  'AWS::EC2::Volume',
  'AWS::MSK::Cluster',
  'AWS::ElastiCache::ReplicationGroup',
  'AWS::EC2::Instance',
  'AWS::EC2::NetworkInterface',
  'AWS::Route53::HostedZone',
  'AWS::S3::Bucket',
  'AWS::SecretsManager::Secret',
]);

/** A key has the state of what it encrypts: without it that is lost too. */
function statefulIn(stacks: readonly DeployedStack[]): PlacedResource[] {
  return stacks.flatMap((stack) => {
    const data = resourcesIn([stack]).filter(({ Type }) => STATEFUL.has(Type));
    const text = JSON.stringify(data.map(({ Properties }) => Properties));
    return [...data, ...resourcesIn([stack], 'AWS::KMS::Key').filter(({ id }) => text.includes(`"${id}"`))];
  });
}

/** `stack logical-id type` of what has state, sorted. A line that changes is a resource that a deployment replaces. */
export function statefulIds(stacks: readonly DeployedStack[]): string[] {
  return statefulIn(stacks)
    .map((resource) => `${where(resource)} ${resource.Type}`)
    .toSorted();
}

/** What has state and would go with its stack. */
export function unprotected(stacks: readonly DeployedStack[]): string[] {
  return statefulIn(stacks).flatMap((resource) => [
    ...(resource.DeletionPolicy === 'Retain' ? [] : [`${where(resource)} is deleted with its stack`]),
    ...(resource.UpdateReplacePolicy === 'Retain' ? [] : [`${where(resource)} is deleted when it is replaced`]),
    ...(resource.stack.isProtected ? [] : [`${where(resource)} is in a stack without termination protection`]),
  ]);
}
