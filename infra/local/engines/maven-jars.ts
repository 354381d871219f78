import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorLine, IrisError } from '../../../runtime/contract/errors.ts';
import { systemCode } from '../../../runtime/contract/system-error.ts';
import { requireCommand } from './engine-process.ts';

/** Milliseconds for a download that takes 7 s on a good line. */
const FETCH_TIMEOUT_MS = 300_000;
/** Of what a failing tool says: its reason comes first. */
const SAID_CHARACTERS_MAX = 300;

export interface MavenJarsOptions {
  /** Where the jars of every engine are kept. */
  readonly cacheDirectory: string;
  /** Engine and version, such as kafka-4.2.1: the folder’s name. */
  readonly name: string;
  /** `group:artifact:version`; what they need comes with them. */
  readonly artifacts: readonly string[];
  readonly onProgress?: (text: string) => void;
}

/**
 * Folder of the jars, fetched once from Maven Central, or from what Maven’s own settings put in its place.
 * @throws IrisError ENGINE_UNAVAILABLE with the remedy when Maven is missing or the jars cannot be had.
 */
export async function mavenJars({ cacheDirectory, name, artifacts, onProgress }: MavenJarsOptions): Promise<string> {
  const target = join(cacheDirectory, name);
  if (existsSync(target)) return target;
  requireCommand('mvn', 'apt-get install maven');
  onProgress?.(`fetching ${name} from Maven Central, once`);
  mkdirSync(cacheDirectory, { recursive: true });
  const scratch = mkdtempSync(join(cacheDirectory, `${name}-`));
  try {
    writeFileSync(join(scratch, 'pom.xml'), projectOf(artifacts));
    const jars = join(scratch, 'jars');
    await run(
      [
        '-B',
        '-q',
        '-ntp',
        '-f',
        join(scratch, 'pom.xml'),
        'dependency:copy-dependencies',
        '-DincludeScope=runtime',
        `-DoutputDirectory=${jars}`,
      ],
      name,
    );
    moveOnce(jars, target);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return target;
}

/** Of two that fetch at the same time the first counts. */
function moveOnce(from: string, target: string): void {
  try {
    renameSync(from, target);
  } catch (error) {
    if (systemCode(error) !== 'ENOTEMPTY' && systemCode(error) !== 'EEXIST') throw error;
  }
}

function projectOf(artifacts: readonly string[]): string {
  const dependencies = artifacts.map((artifact) => {
    const [group, id, version] = artifact.split(':');
    return `<dependency><groupId>${group}</groupId><artifactId>${id}</artifactId><version>${version}</version></dependency>`;
  });
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>iris</groupId><artifactId>jars</artifactId><version>1</version><packaging>pom</packaging><dependencies>${dependencies.join('')}</dependencies></project>`;
}

function run(args: readonly string[], name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('mvn', args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: FETCH_TIMEOUT_MS });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        said = (said + chunk.toString()).slice(0, SAID_CHARACTERS_MAX);
      });
    }
    const fail = (why: string) =>
      reject(
        new IrisError('ENGINE_UNAVAILABLE', `the jars of ${name} could not be fetched (${why}); run it where Maven reaches its repository`),
      );
    child.on('error', (error) => fail(errorLine(error)));
    child.on('close', (code) => (code === 0 ? resolve() : fail(said.trim().replaceAll('\n', ' '))));
  });
}
