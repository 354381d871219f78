/**
 * `npm run test:live`: tests that mostly wait (for leases, cuts, other servers) run two at a time, then those that measure or compute, each alone on the
 * machine. With arguments, such as a name, one run of one at a time with these.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

/** A file is alone unless it is named here: its bounds on time must hold beside another one. */
const SIDE_BY_SIDE: readonly string[] = [
  'cut-links',
  'cut-regions',
  'dead-letters',
  'deploy',
  'deploy-boot',
  'geo-dns',
  'kafka-brokers',
  'kafka-log',
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

const jest = createRequire(import.meta.url).resolve('jest/bin/jest');
const root = resolve(import.meta.dirname, '..');

/** Exit code of a run. */
function run(...options: readonly string[]): number {
  const { status } = spawnSync(process.execPath, [jest, '--config', 'jest.live.config.json', ...options], { cwd: root, stdio: 'inherit' });
  return status ?? 1;
}

/** As a pattern of paths. */
function namedFiles(): string {
  const missing = SIDE_BY_SIDE.filter((name) => !existsSync(resolve(root, 'test/live', `${name}.test.ts`)));
  if (missing.length > 0) throw new Error(`build/live-tests.ts names ${missing.join(', ')}, which test/live does not hold`);
  return `/test/live/(${SIDE_BY_SIDE.join('|')})\\.test\\.ts$`;
}

const given = process.argv.slice(2);
const statuses =
  given.length > 0
    ? [run(...given)]
    : [run('--maxWorkers=2', '--testPathPatterns', namedFiles()), run('--testPathIgnorePatterns', namedFiles())];
process.exitCode = Math.max(...statuses);
