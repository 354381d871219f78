import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadEnvironment } from '../../environments/load-environment.ts';
import { planet } from '../../environments/planet.ts';

const SOURCE = join(import.meta.dirname, '../../environments/load-environment.ts');

describe('loading an environment', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'iris-environment-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('takes a preset by its name', async () => {
    expect(await loadEnvironment('planet', folder)).toBe(planet);
  });

  it('takes a JSON file by its path from the working folder', async () => {
    writeFileSync(join(folder, 'mine.json'), '{"name":"mine"}');
    expect(await loadEnvironment('mine.json', folder)).toEqual({ name: 'mine' });
  });

  it.each([
    ['its default', "export const other = 1;\nexport default { name: 'mine' };"],
    ['its only export', "interface Named { readonly name: string }\nexport const mine: Named = { name: 'mine' };"],
  ])('takes a TypeScript file by %s', (_, text) => {
    expect(loadInNode('mine.ts', text)).toBe('{"name":"mine"}');
  });

  it('fails for a TypeScript file that exports two environments and no default', () => {
    expect(loadInNode('two.ts', 'export const a = 1;\nexport const b = 2;')).toMatch(
      /^FILE_UNREADABLE .*two\.ts exports a, b, it must export one environment, or one as its default$/,
    );
  });

  it('fails for a TypeScript file that throws, with the reason', () => {
    expect(loadInNode('bad.ts', "throw new Error('no luck');")).toMatch(/^FILE_UNREADABLE .*bad\.ts cannot be loaded: no luck$/);
  });

  it('fails for an unknown name, with the nearest preset', async () => {
    await expect(loadEnvironment('plannet', folder)).rejects.toMatchObject({
      code: 'ENVIRONMENT_UNKNOWN',
      message: "no preset or file 'plannet', did you mean planet; presets are proof, validation, growth, scale, planet",
    });
  });

  it('takes a JSON file that an editor began with a byte order mark', async () => {
    writeFileSync(join(folder, 'marked.json'), '\uFEFF{"name":"mine"}');
    expect(await loadEnvironment('marked.json', folder)).toEqual({ name: 'mine' });
  });

  it('fails for a JSON file with a name twice in one object, of which JSON would keep the last', async () => {
    writeFileSync(
      join(folder, 'twice.json'),
      '{\n"regions": [{ "code": "a" }, { "code": "b", "x": "\\"code\\":" }],\n"zones": 1,\n"z\\u006fnes": 3\n}',
    );
    await expect(loadEnvironment('twice.json', folder)).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
      message: expect.stringMatching(
        /twice\.json cannot be read as JSON: zones is written twice in one object, again in line 4; keep one of them$/,
      ),
    });
  });

  it('fails for a file that is not JSON, and for one of another kind', async () => {
    writeFileSync(join(folder, 'broken.json'), '{');
    writeFileSync(join(folder, 'mine.yaml'), 'name: mine');
    await expect(loadEnvironment('broken.json', folder)).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
    await expect(loadEnvironment('mine.yaml', folder)).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  });

  /** Jest cannot import an ES module at run time, so a Node process of its own does. */
  function loadInNode(file: string, text: string): string {
    writeFileSync(join(folder, file), text);
    const script = `import { loadEnvironment } from ${JSON.stringify(SOURCE)};
      await loadEnvironment(${JSON.stringify(file)}, ${JSON.stringify(folder)}).then(
        (environment) => process.stdout.write(JSON.stringify(environment)),
        (error) => process.stdout.write(error.code + ' ' + error.message));`;
    return execFileSync(process.execPath, ['--input-type=module-typescript', '--eval', script], { encoding: 'utf8' });
  }
});
