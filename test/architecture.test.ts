import { execFileSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { presets } from '../environments/presets.ts';
import {
  cycleProblems,
  doorProblems,
  edgeProblems,
  environmentNameProblems,
  environmentVariableProblems,
  lengthProblems,
  nameProblems,
  tableProblems,
} from './architecture/checks.ts';
import { FILE_LINES_AIM, FILE_LINES_MAX, ROOMS } from './architecture/floors.ts';
import { importsOf, type SourceFile } from './architecture/source-file.ts';

const root = join(__dirname, '..');
const PRODUCT = ['bin', 'constructs', 'environments', 'infra', 'runtime'];
const BESIDE = ['test', 'benchmarks', 'examples', 'build'];

function read(folders: readonly string[]): SourceFile[] {
  const paths = folders.flatMap((folder) => globSync(`${folder}/**/*.{ts,js,cjs,mjs}`, { cwd: root }));
  return paths.toSorted().map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

/** The doors of package.json, as source paths. */
function doors(): string[] {
  const manifest: unknown = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const types = [...JSON.stringify(manifest).matchAll(/"types":"\.\/dist\/([^"]+)\.d\.ts"/g)];
  return types.map((match) => `${match[1]}.ts`);
}

const product = read(PRODUCT);
const everything = [...product, ...read(BESIDE)];
const environmentNames = [...presets.keys()];

describe('the house (layout of the project)', () => {
  it('has a table in which every folder imports lower floors only', () => {
    expect(tableProblems(ROOMS)).toEqual([]);
  });

  it('has no import that the table does not allow, of a folder or of a package', () => {
    expect(product.length).toBeGreaterThan(100);
    expect(edgeProblems(product, ROOMS)).toEqual([]);
  });

  it('has no circle of imports, types counted', () => {
    expect(cycleProblems(everything)).toEqual([]);
  });

  it('has kebab-case names that name an idea', () => {
    const paths = everything.map(({ path }) => path).filter((path) => !path.includes('/__snapshots__/'));
    expect(nameProblems(paths)).toEqual([]);
  });

  it(`has no file over ${FILE_LINES_MAX} lines, and tells those over ${FILE_LINES_AIM}`, () => {
    expect(lengthProblems(everything)).toEqual([]);
    const long = lengthProblems(product, FILE_LINES_AIM).map((problem) => problem.replace(/, \d+ are allowed$/, ''));
    if (long.length > 0) process.stderr.write(`longer than the aim of ${FILE_LINES_AIM} lines: ${long.join('; ')}\n`);
  });

  it('has an index.ts only as a door of the package, which nothing inside imports', () => {
    expect(doors().length).toBeGreaterThanOrEqual(4);
    expect(doorProblems(product, doors())).toEqual([]);
  });

  it('reads environment variables in runtime/main.ts and bin only', () => {
    expect(environmentVariableProblems(product)).toEqual([]);
  });

  it('names no environment in its code (L11)', () => {
    expect(environmentNames.length).toBeGreaterThan(0);
    expect(environmentNameProblems(product, environmentNames)).toEqual([]);
  });
});

describe('the checks themselves', () => {
  const file = (path: string, text: string): SourceFile => ({ path, text });

  it('see every form of import, and none in comments', () => {
    const text = [
      "import a from './a.ts';",
      "import type { B } from '../b.ts';",
      "import {\n  c,\n  d,\n} from './deep/c.ts';",
      "export { e } from './e.ts';",
      "import 'zod';",
      "const f = await import('./f.ts');",
      "type G = import('./g.ts').G;",
      "// import h from './h.ts';",
      "/* import i from './i.ts'; */",
    ].join('\n');
    expect(importsOf(file('x/y/z.ts', text)).map(({ to }) => to)).toEqual([
      'x/y/a.ts',
      'x/b.ts',
      'x/y/deep/c.ts',
      'x/y/e.ts',
      'zod',
      'x/y/f.ts',
      'x/y/g.ts',
    ]);
  });

  it('fail on an upward edge, a sibling edge, a driver outside the adapters and a folder without a room', () => {
    const planted = [
      file('runtime/contract/a.ts', "import { x } from '../servers/x.ts';"),
      file('runtime/session/a.ts', "import type { X } from '../routing/x.ts';"),
      file('runtime/inbox/a.ts', "import { ClassicLevel } from 'classic-level';"),
      file('runtime/session/b.ts', "import net from 'node:net';"),
      file('constructs/aws/a.ts', "import { Plan } from '../../infra/plan/plan.ts';"),
      file('constructs/aws/b.ts', "import { TerraformStack } from 'cdktf';"),
      file('infra/plan/a.ts', "import { App } from 'aws-cdk-lib/core';"),
      file('attic/a.ts', ''),
    ];
    expect(edgeProblems(planted, ROOMS)).toEqual([
      'runtime/contract/a.ts imports runtime/servers/x.ts',
      'runtime/session/a.ts imports runtime/routing/x.ts',
      'runtime/inbox/a.ts imports classic-level',
      'runtime/session/b.ts imports node:net',
      'constructs/aws/a.ts imports infra/plan/plan.ts',
      'constructs/aws/b.ts imports cdktf',
      'infra/plan/a.ts imports aws-cdk-lib/core',
      'attic/a.ts is in no room of the table',
    ]);
  });

  it('fail on a table that looks up or sideways', () => {
    const [low, high] = [
      { floor: 1, rooms: ['b', 'c'], packages: [] },
      { floor: 1, rooms: [], packages: [] },
    ];
    expect(tableProblems({ a: low, b: high })).toEqual([
      'a on floor 1 may import b on floor 1',
      'a may import c, which is not in the table',
    ]);
  });

  it('fail on a circle, also one of types', () => {
    const planted = [
      file('a/a.ts', "import { b } from './b.ts';"),
      file('a/b.ts', "import { c } from './c.ts';"),
      file('a/c.ts', "import type { B } from './b.ts';"),
    ];
    expect(cycleProblems(planted)).toEqual(['a/b.ts -> a/c.ts -> a/b.ts']);
  });

  it('fail on names that are not kebab-case or name no idea', () => {
    expect(
      nameProblems(['a/fooBar.ts', 'a_b/c.ts', 'a/string-utils.ts', 'shared/a.ts', 'a/service-unit.ts', 'test/issues/3.test.ts']),
    ).toEqual([
      "a/fooBar.ts: 'fooBar' is not kebab-case",
      "a_b/c.ts: 'a_b' is not kebab-case",
      "a/string-utils.ts: 'string-utils' names no idea",
      "shared/a.ts: 'shared' names no idea",
    ]);
  });

  it('fail on a long file', () => {
    expect(lengthProblems([file('a.ts', '\n'.repeat(401)), file('b.ts', '\n'.repeat(400))])).toEqual([
      'a.ts has 401 lines, 400 are allowed',
    ]);
  });

  it('fail on a door that is none, holds code, or is used inside', () => {
    const planted = [
      file('a/index.ts', "export { x } from './x.ts';\nexport * from './y.ts';"),
      file('b/index.ts', "export { x } from './x.ts';"),
      file('c/c.ts', "import { x } from '../a/index.ts';"),
      file('d/index.ts', "/** Why. */\nexport {\n  x,\n  type Y,\n} from './x.ts';\nexport type { Z } from './z.ts';"),
    ];
    expect(doorProblems(planted, ['a/index.ts', 'd/index.ts'])).toEqual([
      "a/index.ts holds more than named exports: export * from './y.ts';",
      'b/index.ts is no door of package.json',
      'c/c.ts imports the door a/index.ts',
    ]);
  });

  it('fail on process.env and on the name of an environment, but not in bin, environments or comments', () => {
    const planted = [
      file('infra/plan/a.ts', "if (name === 'planet') x = process.env['X'];"),
      file('bin/a.ts', 'process.env'),
      file('environments/planet.ts', "name: 'planet'"),
      file('infra/plan/b.ts', "/** 'planet' and process.env */"),
    ];
    expect(environmentVariableProblems(planted)).toEqual(['infra/plan/a.ts reads process.env']);
    expect(environmentNameProblems(planted, ['planet'])).toEqual(["infra/plan/a.ts names the environment 'planet'"]);
  });

  it('include the linter’s: a function of 71 lines is refused, one of 70 is not', () => {
    const folder = mkdtempSync(join(tmpdir(), 'iris-lint-'));
    const lint = (lines: number): string => {
      const path = join(folder, `function-${lines}.ts`);
      writeFileSync(path, `export function long(): void {\n${'  Math.random();\n'.repeat(lines - 2)}}\n`);
      try {
        return execFileSync(join(root, 'node_modules/.bin/oxlint'), ['-c', join(root, '.oxlintrc.json'), path], { encoding: 'utf8' });
      } catch (error) {
        return typeof error === 'object' && error !== null && 'stdout' in error ? String(error.stdout) : String(error);
      }
    };
    expect(lint(71)).toMatch(/too many lines \(71\)/);
    expect(lint(70)).not.toMatch(/too many lines/);
  });
});
