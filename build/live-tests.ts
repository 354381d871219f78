/**
 * `npm run test:live`: tests that mostly wait (for leases, cuts, other servers) run two at a time, then those that measure or compute, each alone on the
 * machine; then, alone too, those that missed a bound on time and nothing else. With arguments, such as a name, one run of one at a time with these.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { failedFiles, type JestReport } from './second-tries.ts';

/** A file is alone unless it is named here: its bounds on time must hold beside another one. */
const SIDE_BY_SIDE: readonly string[] = [
  'cut-links',
  'cut-regions',
  'dead-letters',
  'deploy',
  'deploy-accounts',
  'deploy-boot',
  'geo-dns',
  'kafka-brokers',
  'kafka-log',
  'logins',
  'node-versions',
  'ownership',
  'prometheus-rules',
  'published-maps',
  'redis',
  'redis-fleet',
  'registers',
  'releases',
  'slot-maps',
  'template-lint',
];

/** More have another cause than the moment. */
const SECOND_TRIES_MAX = 3;

const jest = createRequire(import.meta.url).resolve('jest/bin/jest');
const root = resolve(import.meta.dirname, '..');
const reports = mkdtempSync(join(tmpdir(), 'iris-live-'));

/** What it found, or undefined when it ended without a word. */
function run(...options: readonly string[]): JestReport | undefined {
  const file = join(reports, 'report.json');
  rmSync(file, { force: true });
  const reported = ['--json', `--outputFile=${file}`];
  const { status } = spawnSync(process.execPath, [jest, '--config', 'jest.live.config.json', ...reported, ...options], {
    cwd: root,
    // The report is in the file; the table for people goes where errors go.
    stdio: ['inherit', 'ignore', 'inherit'],
  });
  if (!existsSync(file)) return undefined;
  const report = JSON.parse(readFileSync(file, 'utf8')) as JestReport;
  return status === 0 || failedFiles(report).length > 0 ? report : undefined;
}

/** As a pattern of paths. */
function namedFiles(): string {
  const missing = SIDE_BY_SIDE.filter((name) => !existsSync(resolve(root, 'test/live', `${name}.test.ts`)));
  if (missing.length > 0) throw new Error(`build/live-tests.ts names ${missing.join(', ')}, which test/live does not hold`);
  return `/test/live/(${SIDE_BY_SIDE.join('|')})\\.test\\.ts$`;
}

/** Whether all is well in the end. */
function judge(first: readonly (JestReport | undefined)[]): boolean {
  if (first.includes(undefined)) return false;
  const failed = first.flatMap((report) => failedFiles(report as JestReport));
  if (failed.length === 0) return true;
  if (failed.length > SECOND_TRIES_MAX || !failed.every(({ isByTime }) => isByTime)) return false;
  for (const { path } of failed) process.stdout.write(`second try: ${relative(root, path)} missed a bound on time\n`);
  const again = run('--runTestsByPath', ...failed.map(({ path }) => path));
  if (again === undefined || failedFiles(again).length > 0) return false;
  process.stdout.write(
    `passed at a second try: ${failed.reduce((sum, file) => sum + file.failed, 0)} tests that had missed a bound on time\n`,
  );
  return true;
}

const given = process.argv.slice(2);
try {
  const isWell =
    given.length > 0
      ? run(...given)?.testResults.every(({ status }) => status !== 'failed') === true
      : judge([run('--maxWorkers=2', '--testPathPatterns', namedFiles()), run('--testPathIgnorePatterns', namedFiles())]);
  process.exitCode = isWell ? 0 : 1;
} finally {
  rmSync(reports, { recursive: true, force: true });
}
