import { CREATE_ONLY } from '../../facts/create-only.ts';
import { type Resource, resourcesOf, type Template, type Templates } from '../diff/template.ts';
import { diffTemplates, type ResourceChange } from '../diff/template-diff.ts';
import { reasonOf } from './reasons.ts';

/** One resource: why it is there, and what follows when it is replaced. */
export interface Explanation {
  readonly stack: string;
  readonly logicalId: string;
  readonly type: string;
  readonly what: string;
  readonly fields: readonly string[];
  readonly rows: readonly string[];
  /** Properties of it that can only be changed by making it anew. */
  readonly createOnly: readonly string[];
  readonly sometimesCreateOnly: readonly string[];
  /** Others that are replaced with it, or may be. */
  readonly replacedWithIt: readonly ResourceChange[];
}

/** Every resource whose logical id, physical name or type is or begins with `name`; upper and lower case alike. */
export function explain(templates: Templates, name: string): Explanation[] {
  const wanted = name.toLowerCase();
  return [...templates].flatMap(([stack, template]) =>
    Object.entries(resourcesOf(template))
      .filter(([logicalId, resource]) => namesOf(stack, logicalId, resource).some((one) => one.toLowerCase().startsWith(wanted)))
      .map(([logicalId, resource]) => explanationOf(templates, { stack, logicalId, resource })),
  );
}

function namesOf(stack: string, logicalId: string, { Type, Properties }: Resource): string[] {
  const values = typeof Properties === 'object' && Properties !== null ? Object.entries(Properties) : [];
  const names = values.flatMap(([key, value]) => (/Name$|^ReplicationGroupId$/.test(key) && typeof value === 'string' ? [value] : []));
  return [logicalId, `${stack}/${logicalId}`, Type, ...names];
}

function explanationOf(templates: Templates, place: { stack: string; logicalId: string; resource: Resource }): Explanation {
  const { stack, logicalId, resource } = place;
  const reason = reasonOf(stack, logicalId, resource.Type);
  const facts = CREATE_ONLY[resource.Type];
  return {
    stack,
    logicalId,
    type: resource.Type,
    what: reason?.what ?? 'not known',
    fields: reason?.fields ?? [],
    rows: reason?.rows ?? [],
    createOnly: facts?.always ?? [],
    sometimesCreateOnly: facts?.sometimes ?? [],
    replacedWithIt: replacedWith(templates, place),
  };
}

/** What the differ says when this resource becomes another one: its type is changed, which nothing survives. */
function replacedWith(
  templates: Templates,
  { stack, logicalId, resource }: { stack: string; logicalId: string; resource: Resource },
): ResourceChange[] {
  const template = templates.get(stack) as Template;
  const changed: Template = {
    ...template,
    Resources: { ...template.Resources, [logicalId]: { ...resource, Type: `${resource.Type}Anew` } },
  };
  return diffTemplates(templates, new Map([...templates, [stack, changed]])).filter(
    (change) =>
      (change.stack !== stack || change.logicalId !== logicalId) && (change.action === 'replace' || change.action === 'mayReplace'),
  );
}
