import { type DeployedStack, property, resourcesIn, where } from './deployed-stacks.ts';

/** Names that a template gives, with the characters that the service takes. */
const NAME_LIMITS: readonly (readonly [type: string, path: string, charactersMax: number])[] = [
  ['AWS::ElasticLoadBalancingV2::LoadBalancer', 'Name', 32],
  ['AWS::ElasticLoadBalancingV2::TargetGroup', 'Name', 32],
  ['AWS::ElastiCache::ReplicationGroup', 'ReplicationGroupId', 40],
  ['AWS::ElastiCache::User', 'UserId', 40],
  ['AWS::ElastiCache::UserGroup', 'UserGroupId', 40],
  ['AWS::ElastiCache::SubnetGroup', 'CacheSubnetGroupName', 255],
  ['AWS::MSK::Cluster', 'ClusterName', 64],
  ['AWS::MSK::Configuration', 'Name', 64],
  ['AWS::IAM::Role', 'RoleName', 64],
  ['AWS::IAM::InstanceProfile', 'InstanceProfileName', 128],
  ['AWS::AutoScaling::AutoScalingGroup', 'AutoScalingGroupName', 255],
  ['AWS::AutoScaling::LifecycleHook', 'LifecycleHookName', 255],
  ['AWS::EC2::LaunchTemplate', 'LaunchTemplateName', 128],
  ['AWS::EC2::SecurityGroup', 'GroupName', 255],
  ['AWS::EC2::SecurityGroup', 'GroupDescription', 255],
  ['AWS::SSM::Parameter', 'Name', 1_011],
  ['AWS::S3::Bucket', 'BucketName', 63],
  ['AWS::SNS::Topic', 'TopicName', 256],
  ['AWS::CloudWatch::Alarm', 'AlarmName', 255],
  ['AWS::CloudWatch::CompositeAlarm', 'AlarmName', 255],
  ['AWS::CloudWatch::Dashboard', 'DashboardName', 255],
  ['AWS::Logs::LogGroup', 'LogGroupName', 512],
  ['AWS::KMS::Alias', 'AliasName', 256],
  ['AWS::SecretsManager::Secret', 'Name', 512],
  ['AWS::AppConfig::Application', 'Name', 64],
  ['AWS::AppConfig::Environment', 'Name', 64],
  ['AWS::AppConfig::ConfigurationProfile', 'Name', 128],
  ['AWS::AppConfig::DeploymentStrategy', 'Name', 64],
  ['AWS::GlobalAccelerator::Accelerator', 'Name', 64],
  ['AWS::ServiceDiscovery::PrivateDnsNamespace', 'Name', 253],
  ['AWS::ServiceDiscovery::HttpNamespace', 'Name', 1_024],
  ['AWS::Route53::RecordSet', 'Name', 255],
  ['AWS::Route53::RecordSet', 'SetIdentifier', 128],
];
const STACK_NAME_MAX = 128;

/** Characters that ids of accounts, zones and regions stand for where the template has a reference. */
const REFERENCE_CHARACTERS = 32;

/** Names over their limit, and physical names that two resources of one type, account and AWS region would share. */
export function nameProblems(stacks: readonly DeployedStack[]): string[] {
  const long = stacks.filter(({ name }) => name.length > STACK_NAME_MAX).map(({ name }) => `stack ${name} has ${name.length} characters`);
  const owners = new Map<string, string>();
  for (const [type, path, charactersMax] of NAME_LIMITS) {
    for (const resource of resourcesIn(stacks, type)) {
      const name = property(resource, path);
      const { characters, text } = measure(name);
      if (characters > charactersMax) long.push(`${where(resource)} ${path} has ${characters} characters of ${charactersMax}: ${text}`);
      // Records share a name on purpose, descriptions may, and a name that is not given is the service’s own.
      if (name === undefined || type === 'AWS::Route53::RecordSet' || path === 'GroupDescription') continue;
      // Names within an application are its own: as many as there are stacks.
      const scope = property(resource, 'ApplicationId') === undefined ? resource.stack.place : resource.stack.name;
      const key = `${type} ${text} in ${scope}`;
      const owner = owners.get(key);
      if (owner !== undefined) long.push(`${key} is the name of ${owner} and of ${where(resource)}`);
      owners.set(key, where(resource));
    }
  }
  return long;
}

function measure(name: unknown): { readonly characters: number; readonly text: string } {
  if (name === undefined) return { characters: 0, text: '' };
  if (typeof name === 'string') return { characters: name.length, text: name };
  const join = (name as Record<string, unknown>)['Fn::Join'];
  if (!Array.isArray(join)) return { characters: REFERENCE_CHARACTERS, text: JSON.stringify(name) };
  const parts = (join[1] as unknown[]).map(measure);
  return { characters: parts.reduce((sum, part) => sum + part.characters, 0), text: parts.map(({ text }) => text).join(String(join[0])) };
}
