import type { z } from 'zod';
import { environmentSchema } from '../../environments/environment.ts';
import { nearestName } from '../../environments/nearest-name.ts';
import { descriptionAt, fieldNamesAt } from '../../environments/schema-fields.ts';
import type { EnvironmentProblem } from './environment-problem.ts';

/** What the schema alone finds: unknown and missing fields, wrong types, numbers out of range. */
export function shapeProblems(document: unknown): EnvironmentProblem[] {
  const parsed = environmentSchema.safeParse(document);
  return parsed.success ? [] : parsed.error.issues.flatMap((issue) => problemsOf(issue, document));
}

function problemsOf(issue: z.core.$ZodIssue, document: unknown): EnvironmentProblem[] {
  const value = valueAt(document, issue.path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownField([...issue.path, key], valueAt(document, [...issue.path, key])));
  }
  if (issue.code === 'invalid_key') return [wrongKey(issue)];
  const field = fieldName(issue.path);
  const meaning = descriptionAt(issue.path) ?? 'docs/environment.md lists every field';
  if (value === undefined) return [{ field, value, limit: 'given', remedy: `add it: ${asClause(meaning)}` }];
  return [{ field, value, limit: limitOf(issue), remedy: remedyOf(issue, value) ?? asClause(meaning) }];
}

/** A name in a table of values, such as a quota’s code. */
function wrongKey(issue: z.core.$ZodIssueInvalidKey): EnvironmentProblem {
  const limit = issue.issues[0]?.message.replace(/^must be /, '') ?? issue.message;
  return { field: fieldName(issue.path.slice(0, -1)), value: issue.path.at(-1), limit, remedy: 'write the name as it is listed' };
}

function unknownField(path: readonly PropertyKey[], value: unknown): EnvironmentProblem {
  const known = fieldNamesAt(path.slice(0, -1));
  const nearest = nearestName(String(path.at(-1)), known);
  const remedy = nearest === undefined ? `remove it, or use one of ${known.join(', ')}` : `did you mean ${nearest}`;
  return { field: fieldName(path), value, limit: 'a field that an environment has', remedy };
}

function limitOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected === 'int' ? 'a whole number' : `of type ${issue.expected}`;
    case 'too_small':
      if (issue.origin === 'array' || issue.origin === 'string') return `a ${issue.origin === 'array' ? 'list' : 'text'} that is not empty`;
      return `${issue.inclusive === false ? 'above' : 'at least'} ${issue.minimum}`;
    case 'too_big':
      if (issue.origin === 'array') return `a list of ${issue.maximum} at most`;
      return `${issue.inclusive === false ? 'below' : 'at most'} ${issue.maximum}`;
    case 'invalid_value':
      return `one of ${issue.values.map(String).join(', ')}`;
    default:
      return issue.message.replace(/^must be /, '');
  }
}

function remedyOf(issue: z.core.$ZodIssue, value: unknown): string | undefined {
  switch (issue.code) {
    case 'too_small':
      if (issue.origin === 'array') return 'add an entry';
      if (issue.origin === 'string') return 'write it, or leave it out';
      return `raise it${issue.inclusive === false ? '' : ` to ${issue.minimum}`}`;
    case 'too_big':
      return issue.origin === 'array' ? 'take some out' : `lower it to ${issue.maximum}`;
    case 'invalid_type':
      return issue.expected === 'int' && typeof value === 'number' ? `round it, to ${Math.ceil(value)} for example` : undefined;
    case 'invalid_value': {
      const nearest = typeof value === 'string' ? nearestName(value, issue.values.map(String)) : undefined;
      return nearest === undefined ? undefined : `did you mean ${nearest}`;
    }
    default:
      return undefined;
  }
}

/** `regions[1].cidr` */
export function fieldName(path: readonly PropertyKey[]): string {
  const text = path.map((segment) => (typeof segment === 'number' ? `[${segment}]` : `.${String(segment)}`)).join('');
  return text.replace(/^\./, '') || 'environment';
}

/** A description as part of a longer sentence: no full stop at its end. */
function asClause(description: string): string {
  return description.replace(/\.$/, '');
}

function valueAt(document: unknown, path: readonly PropertyKey[]): unknown {
  let value = document;
  for (const segment of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, segment)) return undefined;
    value = Reflect.get(value, segment);
  }
  return value;
}
