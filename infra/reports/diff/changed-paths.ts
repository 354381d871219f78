/**
 * Where two JSON values differ: paths with dots between, the outermost only where something is on one side alone. Lists are compared
 * as a whole, since CloudFormation replaces them so. Ascending; empty when the values are equal.
 */
export function changedPaths(before: unknown, after: unknown): string[] {
  const paths: string[] = [];
  walk(before, after, '', paths);
  return paths.toSorted();
}

function walk(before: unknown, after: unknown, path: string, paths: string[]): void {
  if (isObject(before) && isObject(after) && !isIntrinsic(before) && !isIntrinsic(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)]))
      walk(before[key], after[key], path === '' ? key : `${path}.${key}`, paths);
    return;
  }
  if (!isEqual(before, after)) paths.push(path);
}

/** Keys may stand in any order. */
function isEqual(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => isEqual(item, b[i]));
  if (!isObject(a) || !isObject(b)) return a === b;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && isEqual(a[key], b[key]));
}

/** `{ "Ref": … }` and `{ "Fn::…": … }` stand for one value. */
function isIntrinsic(value: Record<string, unknown>): boolean {
  const [key, ...others] = Object.keys(value);
  return key !== undefined && others.length === 0 && (key === 'Ref' || key.startsWith('Fn::'));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
