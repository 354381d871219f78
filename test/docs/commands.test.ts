/** Every command that README and docs print is run as printed, in a folder of its own; a new one has to find its place here. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const root = resolve(__dirname, '../..');
const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'iris-docs-'));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The lines after `$ ` in console blocks. */
function commandsOf(path: string): string[] {
  const text = readFileSync(join(root, path), 'utf8');
  return [...text.matchAll(/```console\n([\s\S]*?)```/g)].flatMap(([, block]) =>
    (block as string).split('\n').flatMap((line) => (line.startsWith('$ ') ? [line.slice(2)] : [])),
  );
}

const documents = ['README.md', ...globSync('docs/**/*.md', { cwd: root })];
const printed = new Set(documents.flatMap(commandsOf));

/** `npx iris …` without npx’s look-up, from the folder of the test. */
function iris(command: string) {
  const args = command.replace(/^npx iris /, '').match(/"[^"]*"|\S+/g) ?? [];
  return run(process.execPath, [join(root, 'bin/iris.js'), ...args.map((arg) => arg.replaceAll('"', ''))], {
    cwd: folder,
    timeout: 60_000,
    maxBuffer: 64 * 1024 * 1024,
  });
}

const TALKING = [
  'npx iris send --as alice --to bob "hello"',
  'npx iris listen --as bob --count 1',
  'npx iris listen --as bob --read --count 1',
  'npx iris promote bob --buckets 5',
  'npx iris demote bob',
  'npx iris send --as alice --to bob --wait read "have you seen this?"',
  'npx iris watch bob carol --as alice --count 2',
  'npx iris send --as alice --to bob --best-effort "are you there?"',
  'npx iris audience --as bob --only alice,carol',
];
const ALONE: Readonly<Record<string, RegExp>> = {
  'npx iris plan planet': /50 in all/,
  'npx iris synth proof --out cdk.out': /stacks/,
  'npx iris package --out node-package': /node-package/,
  'npx iris add-region sydney --to proof --aws-region ap-southeast-2 --countries AU,NZ --print': /"code": "sydney"/,
  'npx iris rollout planet': /7 waves/,
  'npx iris explain EdgeLoadBalancer --environment proof': /because of: G1/,
  'npx iris preflight proof': /nothing stands in the way/,
  'npx iris monitoring proof --out monitoring': /rules of 3 regions and a dashboard/,
  'npx iris cost planet': /a month at list price/,
  'npx iris diff proof growth': /slots change their shard group/,
  'npx iris simulate --environment proof --seed 7 --hours 0.2': /every law held/,
  'npx iris simulate --environment proof --seeds 2 --hours 0.05 --progress nightly': /2 of 2 seeds, 0.1 virtual hours, 0 broken/,
  'npx iris up proof --once': /smoke message from .* read after/,
};
/** What CI itself runs from a clean checkout; the scripts behind them are run by the tests around this one. */
const BY_CI = ['npm ci && npm start', 'npm ci && npm test', 'npm run test:live'];

it('has a test for every command printed', () => {
  expect([...printed].sort()).toEqual([...TALKING, ...Object.keys(ALONE), ...BY_CI].sort());
});

it.each(Object.entries(ALONE))(
  '%s',
  async (command, result) => {
    const { stdout, stderr } = await iris(command);
    expect(`${stdout}${stderr}`).toMatch(result);
  },
  90_000,
);

it('plans the environment that the README writes, as it stands there', async () => {
  const source = /```ts\n\/\/ my-environment\.ts\n([\s\S]*?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8'))?.[1];
  writeFileSync(join(folder, 'my-environment.ts'), source ?? '');
  const plan = JSON.parse((await iris('npx iris plan my-environment.ts --json')).stdout) as { totals: { regions: number } };
  expect(plan.totals.regions).toBe(2);
});

it('sends and listens as printed, while an environment runs, over TLS', async () => {
  const up = spawn(process.execPath, [join(root, 'bin/iris.js'), 'up', 'proof', '--tls', '--json'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(up, 'exit');
  try {
    await Promise.race([once(up.stdout, 'data'), exited.then(() => Promise.reject(new Error('iris up ended early')))]);
    expect((await iris(TALKING[0] as string)).stdout).toMatch(/D2/);
    expect((await iris(TALKING[1] as string)).stdout).toMatch(/alice.*hello/);
    const reader = iris(TALKING[2] as string);
    expect((await iris(TALKING[3] as string)).stdout).toMatch(/5 buckets from generation 1 on/);
    expect((await iris(TALKING[4] as string)).stdout).toMatch(/1 bucket from generation 2 on/);
    expect((await iris(TALKING[5] as string)).stdout).toMatch(/status: read/);
    expect((await reader).stdout).toMatch(/alice.*have you seen this/);
    expect((await iris(TALKING[6] as string)).stdout).toMatch(/carol is offline/);
    await expect(iris(TALKING[7] as string)).rejects.toMatchObject({ code: 1, stderr: expect.stringMatching(/NOT_DELIVERED.*not online/) });
    expect((await iris(TALKING[8] as string)).stdout).toMatch(/bob is seen by alice, carol/);
  } finally {
    up.kill('SIGTERM');
    await exited;
  }
}, 60_000);

it('npm start -- --once ends after the smoke message with exit code 0', async () => {
  const options = { cwd: root, timeout: 90_000, maxBuffer: 64 * 1024 * 1024 };
  const { stdout } = await run('npm', ['start', '--', '--once', '--base-port', '23900', '--state', join(folder, 'start')], options);
  expect(stdout).toMatch(/14 stacks|smoke message from .* acknowledged D2 .* read after/);
}, 120_000);
