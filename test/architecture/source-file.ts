/** One file of the tree, by its path from the root with `/`. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

export interface ImportEdge {
  readonly from: string;
  /** A path of the tree for a relative import, else the specifier as written. */
  readonly to: string;
  readonly isRelative: boolean;
}

const STATEMENT = /^(?:import|export)\b[^;'"]*?\bfrom\s*['"]([^'"]+)['"]/gm;
const BARE = /^import\s*['"]([^'"]+)['"]/gm;
const CALL = /\b(?:import|require)\(\s*['"]([^'"]+)['"]/g;

/** Every import of a file, types counted: statements, re-exports, dynamic imports and `import('…')` types. */
export function importsOf(file: SourceFile): ImportEdge[] {
  const code = withoutComments(file.text);
  const specifiers = [STATEMENT, BARE, CALL].flatMap((pattern) => [...code.matchAll(pattern)].map((match) => match[1] ?? ''));
  return [...new Set(specifiers)].map((specifier) => {
    const isRelative = specifier.startsWith('.');
    return { from: file.path, to: isRelative ? joined(file.path, specifier) : specifier, isRelative };
  });
}

/** Comments out, so that what they speak of is not taken for code. A `//` inside a string comes after a colon or a quote, never a space. */
export function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}

/** `infra/plan` of `infra/plan/cidr.ts`; empty at the root. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

function joined(from: string, specifier: string): string {
  const parts = folderOf(from).split('/').filter(Boolean);
  for (const part of specifier.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}
