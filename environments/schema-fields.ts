import { z } from 'zod';
import { environmentSchema } from './environment.ts';

/** One field of an environment, as documents and refusals speak of it. */
export interface EnvironmentField {
  /** `regions[].serves.default` */
  readonly path: string;
  readonly description: string;
  /** JSON of the default; undefined for a field that must be written or that is computed when left out. */
  readonly defaultJson: string | undefined;
  readonly isRequired: boolean;
}

/** Every field with its meaning, in the order of the schema; an object comes before its fields. */
export function environmentFields(): EnvironmentField[] {
  return fieldsOf(environmentSchema, '');
}

/** The schema at a path of a document, with defaults and optionality taken off; undefined where the schema knows no such path. */
export function schemaAt(path: readonly PropertyKey[]): z.core.$ZodType | undefined {
  let schema: z.core.$ZodType = environmentSchema;
  for (const segment of path) {
    const inner = unwrap(schema);
    const next = inner instanceof z.ZodObject ? childOf(inner, segment) : inner instanceof z.ZodArray ? inner.element : undefined;
    if (next === undefined) return undefined;
    schema = next;
  }
  return unwrap(schema);
}

/** Names of the fields that an object at this path may have. */
export function fieldNamesAt(path: readonly PropertyKey[]): string[] {
  const schema = schemaAt(path);
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

/** What a field means, for the remedy of a refusal; an entry of a list means what the list does. */
export function descriptionAt(path: readonly PropertyKey[]): string | undefined {
  const generic = path.map((segment) => (typeof segment === 'number' ? '[]' : `.${String(segment)}`)).join('');
  const own = generic.replace(/\[\]$/, '');
  return environmentFields().find((field) => `.${field.path}` === own)?.description;
}

function fieldsOf(object: z.ZodObject, prefix: string): EnvironmentField[] {
  return Object.entries(object.shape).flatMap(([name, schema]) => {
    const path = `${prefix}${name}`;
    const inner = unwrap(schema);
    const own = { path, description: descriptionOf(schema), defaultJson: defaultOf(schema), isRequired: !acceptsNothing(schema) };
    if (inner instanceof z.ZodObject) return [own, ...fieldsOf(inner, `${path}.`)];
    const element = inner instanceof z.ZodArray ? inner.element : undefined;
    return element instanceof z.ZodObject ? [own, ...fieldsOf(element, `${path}[].`)] : [own];
  });
}

function childOf(object: z.ZodObject, segment: PropertyKey): z.core.$ZodType | undefined {
  return typeof segment === 'string' && Object.hasOwn(object.shape, segment) ? object.shape[segment] : undefined;
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  const isWrapped = schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional;
  return isWrapped ? unwrap(schema.unwrap()) : schema;
}

function acceptsNothing(schema: z.core.$ZodType): boolean {
  return schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional;
}

function defaultOf(schema: z.core.$ZodType): string | undefined {
  return schema instanceof z.ZodDefault ? JSON.stringify(schema.def.defaultValue) : undefined;
}

function descriptionOf(schema: z.core.$ZodType): string {
  return schema instanceof z.ZodType ? (schema.description ?? '') : '';
}
