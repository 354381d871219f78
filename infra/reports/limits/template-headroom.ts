import { type Resource, resourcesOf, type Template, type Templates } from '../diff/template.ts';

/** The fullest template, by one of CloudFormation’s limits. */
export interface Headroom {
  readonly limit: string;
  readonly max: number;
  readonly value: number;
  /** The stack, and the resource where one counts. */
  readonly where: string;
  /** Share of the limit above which it is told: below 1 for what grows with the environment, 1 for a name. */
  readonly fullShare: number;
}

/** One more region or group may pass a limit that is fuller than this. */
export const FULL_SHARE = 0.8;

interface Measure {
  readonly limit: string;
  readonly max: number;
  /** @default FULL_SHARE */
  readonly fullShare?: number;
  /** The largest value of the template, and of which resource. */
  readonly of: (template: Template, text: string) => { value: number; resource?: string };
}

const MEASURES: readonly Measure[] = [
  { limit: 'resources of a template', max: 500, of: (template) => ({ value: Object.keys(resourcesOf(template)).length }) },
  { limit: 'bytes of a template', max: 1_048_576, of: (_, text) => ({ value: Buffer.byteLength(text) }) },
  { limit: 'parameters of a template', max: 200, of: (template) => ({ value: Object.keys(template.Parameters ?? {}).length }) },
  { limit: 'outputs of a template', max: 200, of: (template) => ({ value: Object.keys(template.Outputs ?? {}).length }) },
  { limit: 'dynamic references of a template', max: 60, of: (_, text) => ({ value: text.split('{{resolve:').length - 1 }) },
  { limit: 'bytes of user data', max: 16_384, of: largest(userDataBytes) },
  { limit: 'characters of an SSM value', max: 4_096, of: largest(parameterCharacters) },
  { limit: 'characters of an inline policy', max: 10_240, of: largest(policyCharacters) },
  { limit: 'characters of a load balancer’s or target group’s name', max: 32, fullShare: 1, of: largest(balancerName) },
  {
    limit: 'characters of a Valkey group’s name',
    max: 40,
    fullShare: 1,
    of: largest(({ Type, Properties }) =>
      Type === 'AWS::ElastiCache::ReplicationGroup' ? textLength(field(Properties, 'ReplicationGroupId')) : 0,
    ),
  },
];

/** One line per limit, the fullest template first named. */
export function templateHeadroom(templates: Templates): Headroom[] {
  const texts = new Map([...templates].map(([stack, template]) => [stack, JSON.stringify(template)]));
  return MEASURES.map(({ limit, max, fullShare = FULL_SHARE, of }) => {
    let fullest = { value: 0, where: '' };
    for (const [stack, template] of templates) {
      const { value, resource } = of(template, texts.get(stack) as string);
      if (value > fullest.value) fullest = { value, where: resource === undefined ? stack : `${stack} ${resource}` };
    }
    return { limit, max, fullShare, ...fullest };
  });
}

function largest(figure: (resource: Resource) => number): Measure['of'] {
  return (template) => {
    let most: { value: number; resource?: string } = { value: 0 };
    for (const [id, resource] of Object.entries(resourcesOf(template))) {
      const value = figure(resource);
      if (value > most.value) most = { value, resource: id };
    }
    return most;
  };
}

function userDataBytes({ Type, Properties }: Resource): number {
  if (Type === 'AWS::EC2::LaunchTemplate') return textLength(field(field(Properties, 'LaunchTemplateData'), 'UserData'));
  return Type === 'AWS::EC2::Instance' ? textLength(field(Properties, 'UserData')) : 0;
}

function parameterCharacters({ Type, Properties }: Resource): number {
  return Type === 'AWS::SSM::Parameter' ? textLength(field(Properties, 'Value')) : 0;
}

function policyCharacters({ Type, Properties }: Resource): number {
  const policies = Type === 'AWS::IAM::Role' ? field(Properties, 'Policies') : undefined;
  return policies === undefined ? 0 : JSON.stringify(policies).length;
}

function balancerName({ Type, Properties }: Resource): number {
  return /^AWS::ElasticLoadBalancingV2::(LoadBalancer|TargetGroup)$/.test(Type) ? textLength(field(Properties, 'Name')) : 0;
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

/** Characters of the text that an expression comes to; a reference counts as the 64 that names and ids stay below. */
function textLength(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 0;
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + textLength(item), 0);
  const [key = '', inner] = Object.entries(value)[0] ?? [];
  if (key === 'Fn::Base64') return textLength(inner);
  if (key === 'Fn::Sub') return textLength(Array.isArray(inner) ? inner[0] : inner);
  if (key === 'Fn::Join') return textLength((inner as unknown[])[1]);
  return key === 'Ref' || key.startsWith('Fn::') ? 64 : 0;
}
