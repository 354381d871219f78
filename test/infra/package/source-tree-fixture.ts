import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A runtime as small as can be that still loads the store’s native part. */
const EDGE = `
import { ClassicLevel } from 'classic-level';
import { role } from './role.ts';
/** A comment with the name of a file: runtime/edge.ts */
export const edge: string = role('edge');
const store = new ClassicLevel<string, string>(process.argv[2] ?? 'store');
await store.put('role', edge);
process.stdout.write(await store.get('role') ?? '');
await store.close();
`;
const ROLE = "export function role(name: string): string { return 'role ' + name; }\n";
const CORE = "import { role } from './role.ts';\nprocess.stdout.write(role('core'));\n";

/** Writes the tree into a new folder and returns it; its node_modules are the project’s. */
export function writeSourceTree(): string {
  const root = mkdtempSync(join(tmpdir(), 'iris-tree-'));
  mkdirSync(join(root, 'runtime'));
  for (const [name, text] of Object.entries({ 'edge.ts': EDGE, 'core.ts': CORE, 'role.ts': ROLE })) {
    writeFileSync(join(root, 'runtime', name), text);
  }
  symlinkSync(join(import.meta.dirname, '..', '..', '..', 'node_modules'), join(root, 'node_modules'));
  return root;
}
