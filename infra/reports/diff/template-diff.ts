import { CREATE_ONLY, STATEFUL_TYPES } from '../../facts/create-only.ts';
import { changedPaths } from './changed-paths.ts';
import { parameterName, parametersReading, type Resource, referencesOf, resourcesOf, type Template, type Templates } from './template.ts';

/**
 * What a deployment does to one resource. `replace`: made anew, the old one deleted or orphaned after it. `mayReplace`: only AWS knows,
 * or the type is not in the table of create-only properties.
 */
export type Action = 'add' | 'remove' | 'update' | 'replace' | 'mayReplace';

export interface ResourceChange {
  readonly stack: string;
  readonly logicalId: string;
  readonly type: string;
  readonly action: Action;
  /** Property paths that differ; the resource’s own attributes stand with a leading slash, as in /DeletionPolicy. */
  readonly paths: readonly string[];
  /** Those of them that make it a replacement. */
  readonly causes: readonly string[];
  /** It holds what cannot be made again. */
  readonly isStateful: boolean;
}

/**
 * Every resource that differs between two sets of templates, by stack and logical id; also those whose template is the same but that get
 * another value through a reference or an SSM parameter, because what it names is replaced. Needs no account and asks nothing.
 * @param isMoved stacks that are to be in another account or AWS region: all that is in them is made anew there
 */
export function diffTemplates(before: Templates, after: Templates, isMoved: (stack: string) => boolean = () => false): ResourceChange[] {
  const stacks = [...new Set([...before.keys(), ...after.keys()])].toSorted();
  const parameters = new Set<string>();
  // A parameter of one stack is read by others: until no further one changes.
  for (;;) {
    const known = parameters.size;
    const changes = stacks.flatMap((stack) =>
      isMoved(stack)
        ? movedResources(stack, before.get(stack), after.get(stack))
        : diffStack(stack, before.get(stack), after.get(stack), parameters),
    );
    for (const change of changes) if (change.parameter !== undefined) parameters.add(change.parameter);
    if (parameters.size === known) return changes.map(({ parameter: _parameter, ...change }) => change);
  }
}

/** With the name of the SSM parameter whose value changes. */
type StackChange = ResourceChange & { readonly parameter?: string };

function diffStack(
  stack: string,
  before: Template | undefined,
  after: Template | undefined,
  parameters: ReadonlySet<string>,
): StackChange[] {
  const [old, new_] = [resourcesOf(before), resourcesOf(after)];
  const replaced = new Set(parametersReading(after, parameters));
  const changes = new Map<string, StackChange>();
  const ids = [...new Set([...Object.keys(old), ...Object.keys(new_)])].toSorted();
  // What refers to a replaced resource gets another value, and may have to be replaced for it: until nothing is added.
  for (let known = -1; known < replaced.size; ) {
    known = replaced.size;
    for (const logicalId of ids) {
      const change = diffResource({ stack, logicalId, replaced }, old[logicalId], new_[logicalId]);
      if (change === undefined) continue;
      const parameter = change.action === 'add' || !change.paths.includes('Value') ? undefined : parameterName(new_[logicalId]);
      changes.set(logicalId, parameter === undefined ? change : { ...change, parameter });
      if (change.action === 'replace') replaced.add(logicalId);
    }
  }
  return ids.flatMap((id) => changes.get(id) ?? []);
}

/** What the place of a stack is called among the causes of a replacement. */
const PLACE = '/Place';

function movedResources(stack: string, before: Template | undefined, after: Template | undefined): StackChange[] {
  const [old, new_] = [resourcesOf(before), resourcesOf(after)];
  return [...new Set([...Object.keys(old), ...Object.keys(new_)])].toSorted().map((logicalId) => {
    const resource = (old[logicalId] ?? new_[logicalId]) as Resource;
    const action = old[logicalId] === undefined ? 'add' : new_[logicalId] === undefined ? 'remove' : 'replace';
    const paths = action === 'replace' ? [PLACE] : [];
    return { stack, logicalId, type: resource.Type, action, paths, causes: paths, isStateful: isStateful(resource) };
  });
}

interface Place {
  readonly stack: string;
  readonly logicalId: string;
  /** Logical ids of the stack that are known to be replaced. */
  readonly replaced: ReadonlySet<string>;
}

function diffResource(place: Place, before: Resource | undefined, after: Resource | undefined): ResourceChange | undefined {
  const { stack, logicalId } = place;
  const resource = (after ?? before) as Resource;
  const base = { stack, logicalId, type: resource.Type, isStateful: isStateful(before ?? resource) };
  if (before === undefined) return { ...base, action: 'add', paths: [], causes: [] };
  if (after === undefined) return { ...base, action: 'remove', paths: [], causes: [] };
  if (before.Type !== after.Type) return { ...base, action: 'replace', paths: ['/Type'], causes: ['/Type'] };
  const paths = [
    ...changedPaths(before.Properties, after.Properties),
    ...referringPaths(after, place.replaced),
    ...attributePaths(before, after),
  ];
  if (paths.length === 0) return undefined;
  const unique = [...new Set(paths)].toSorted();
  return { ...base, paths: unique, ...verdictOf(after, unique) };
}

function verdictOf(after: Resource, paths: readonly string[]): Pick<ResourceChange, 'action' | 'causes'> {
  const inPlace = reshardsOnline(after) ? RESHARDED_ONLINE : [];
  const properties = paths.filter((path) => !path.startsWith('/') && !inPlace.includes(path));
  const facts = CREATE_ONLY[after.Type];
  if (facts === undefined) return properties.length === 0 ? { action: 'update', causes: [] } : { action: 'mayReplace', causes: properties };
  const always = properties.filter((path) => facts.always.some((createOnly) => overlaps(path, createOnly)));
  if (always.length > 0) return { action: 'replace', causes: always };
  const sometimes = properties.filter((path) => facts.sometimes.some((createOnly) => overlaps(path, createOnly)));
  return sometimes.length > 0 ? { action: 'mayReplace', causes: sometimes } : { action: 'update', causes: [] };
}

/** Changed in place where the resource’s update policy says so. */
const RESHARDED_ONLINE = ['NumNodeGroups', 'NodeGroupConfiguration'];

function reshardsOnline({ Type, UpdatePolicy }: Resource): boolean {
  const policy = UpdatePolicy as { readonly UseOnlineResharding?: unknown } | undefined;
  return Type === 'AWS::ElastiCache::ReplicationGroup' && policy?.UseOnlineResharding === true;
}

/** One path is, holds, or lies inside the other. */
function overlaps(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}.`) || b.startsWith(`${a}.`);
}

/** Top-level properties whose value names a replaced resource. */
function referringPaths({ Properties }: Resource, replaced: ReadonlySet<string>): string[] {
  if (replaced.size === 0 || typeof Properties !== 'object' || Properties === null) return [];
  return Object.entries(Properties).flatMap(([key, value]) => ([...referencesOf(value)].some((id) => replaced.has(id)) ? [key] : []));
}

/** Attributes beside the properties: policies, conditions, dependencies. Metadata says nothing to CloudFormation. */
function attributePaths(before: Resource, after: Resource): string[] {
  const rest = ({ Type: _type, Properties: _properties, Metadata: _metadata, ...others }: Resource) => others;
  return changedPaths(rest(before), rest(after)).map((path) => `/${path}`);
}

function isStateful({ Type, DeletionPolicy }: Resource): boolean {
  return STATEFUL_TYPES.includes(Type) || DeletionPolicy === 'Retain' || DeletionPolicy === 'RetainExceptOnCreate';
}
