/** A CloudFormation template, as far as a comparison reads it. */
export interface Template {
  readonly Resources?: Readonly<Record<string, Resource>>;
  readonly Outputs?: Readonly<Record<string, unknown>>;
  readonly Parameters?: Readonly<Record<string, { readonly Type?: string; readonly Default?: unknown }>>;
}

export interface Resource {
  readonly Type: string;
  readonly Properties?: unknown;
  readonly DeletionPolicy?: string;
  readonly [other: string]: unknown;
}

/** Templates by stack name. */
export type Templates = ReadonlyMap<string, Template>;

export function resourcesOf(template: Template | undefined): Readonly<Record<string, Resource>> {
  return template?.Resources ?? {};
}

/** Logical ids of a template’s parameters whose value is one of these SSM parameters’. */
export function parametersReading(template: Template | undefined, names: ReadonlySet<string>): string[] {
  return Object.entries(template?.Parameters ?? {}).flatMap(([id, { Type = '', Default }]) =>
    Type.startsWith('AWS::SSM::Parameter::Value') && typeof Default === 'string' && names.has(Default) ? [id] : [],
  );
}

/** The name of an SSM parameter; undefined for any other resource, and where the name is not written out. */
export function parameterName(resource: Resource | undefined): string | undefined {
  const properties = resource?.Type === 'AWS::SSM::Parameter' ? resource.Properties : undefined;
  const name: unknown = typeof properties === 'object' && properties !== null && 'Name' in properties ? properties.Name : undefined;
  return typeof name === 'string' ? name : undefined;
}

/** Logical ids that a value refers to, by Ref, Fn::GetAtt or inside Fn::Sub. */
export function referencesOf(value: unknown): Set<string> {
  const found = new Set<string>();
  collect(value, found);
  return found;
}

function collect(value: unknown, found: Set<string>): void {
  if (Array.isArray(value)) {
    for (const item of value) collect(item, found);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'Ref' && typeof inner === 'string') found.add(inner);
    else if (key === 'Fn::GetAtt') found.add(attributeOwner(inner));
    else if (key === 'Fn::Sub') for (const name of namesInText(Array.isArray(inner) ? inner[0] : inner)) found.add(name);
    collect(inner, found);
  }
}

function attributeOwner(value: unknown): string {
  const name: unknown = Array.isArray(value) ? value[0] : value;
  return typeof name === 'string' ? (name.split('.')[0] as string) : '';
}

function namesInText(text: unknown): string[] {
  if (typeof text !== 'string') return [];
  return [...text.matchAll(/\$\{([^!.}][^.}]*)[^}]*\}/g)].map((match) => match[1] as string);
}
