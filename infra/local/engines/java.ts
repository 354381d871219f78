import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { IrisError } from '../../../runtime/contract/errors.ts';

/** Where Debian and most images put Java. */
const JVM_FOLDER = '/usr/lib/jvm';

/**
 * A Java whose version lies within both, the one on the path first.
 * @throws IrisError ENGINE_UNAVAILABLE with the install command.
 */
export function findJava({ versionMin, versionMax }: { versionMin: number; versionMax: number }): string {
  const installed = existsSync(JVM_FOLDER) ? readdirSync(JVM_FOLDER).map((name) => join(JVM_FOLDER, name, 'bin/java')) : [];
  const found = ['java', ...installed].find((java) => {
    const version = versionOf(java);
    return version !== undefined && version >= versionMin && version <= versionMax;
  });
  if (found !== undefined) return found;
  const wanted = versionMin === versionMax ? `Java ${versionMin}` : `Java ${versionMin} to ${versionMax}`;
  throw new IrisError('ENGINE_UNAVAILABLE', `${wanted} is not on this machine; install it: apt-get install openjdk-17-jre-headless`);
}

/** The first number of its version; undefined when it is not there. */
function versionOf(java: string): number | undefined {
  const { stderr } = spawnSync(java, ['-version'], { encoding: 'utf8' });
  const version = /version "(?:1\.)?(\d+)/.exec(stderr ?? '')?.[1];
  return version === undefined ? undefined : Number(version);
}
