import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export const LAUNCHER = join(__dirname, '..', '..', 'bin', 'iris.js');

export interface IrisRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface IrisOptions {
  readonly cwd?: string;
  /** Variables beside those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Arguments of Node itself, before the launcher. */
  readonly nodeArgs?: readonly string[];
}

export interface IrisProcess {
  readonly child: ChildProcessWithoutNullStreams;
  /** Resolves when the process is gone. */
  readonly ended: Promise<IrisRun>;
  /** Resolves with the next line of that stream for which the pattern holds; rejects when the process ends without one. */
  line(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<string>;
}

/** Starts `iris` as a user does: the launcher, in a process of its own. */
export function startIris(args: readonly string[], { cwd = process.cwd(), env = {}, nodeArgs = [] }: IrisOptions = {}): IrisProcess {
  const child = spawn(process.execPath, [...nodeArgs, LAUNCHER, ...args], { cwd, env: { ...process.env, ...env } });
  const seen = { stdout: [] as string[], stderr: [] as string[] };
  const watchers: { stream: string; pattern: RegExp; found(line: string): void }[] = [];
  for (const stream of ['stdout', 'stderr'] as const) {
    createInterface({ input: child[stream] }).on('line', (line) => {
      seen[stream].push(line);
      for (const watcher of watchers) if (watcher.stream === stream && watcher.pattern.test(line)) watcher.found(line);
    });
  }
  const ended = once(child, 'close').then(
    ([code]: (number | null)[]): IrisRun => ({
      code: code ?? null,
      stdout: seen.stdout.join('\n'),
      stderr: seen.stderr.join('\n'),
    }),
  );
  const line = (stream: 'stdout' | 'stderr', pattern: RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      watchers.push({ stream, pattern, found: resolve });
      void ended.then((run) => reject(new Error(`iris ${args.join(' ')} ended with ${run.code} before ${pattern}: ${run.stderr}`)));
    });
  return { child, ended, line };
}

export async function runIris(args: readonly string[], options: IrisOptions = {}): Promise<IrisRun> {
  return await startIris(args, options).ended;
}

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'iris-cli-'));
}

/** Two regions with one edge and one shard group each, as a user's own file. */
export function writeDuo(folder: string): string {
  const region = (code: string, awsRegion: string, second: number) => ({
    code,
    awsRegion,
    cidr: `10.${second}.0.0/16`,
    edges: 1,
    shards: 2,
    serves: { default: second === 0, continents: [second === 0 ? 'EU' : 'SA'] },
  });
  const duo = {
    name: 'duo',
    domain: 'duo.example',
    dailyActiveUsers: 1_000,
    zones: 2,
    regions: [region('north', 'eu-north-1', 0), region('south', 'sa-east-1', 1)],
  };
  const path = join(folder, 'duo.json');
  writeFileSync(path, JSON.stringify(duo));
  return path;
}

/** Makes the launcher believe that it runs on another Node. */
export function pretend(versions: string, arch: string): string[] {
  const patch = `Object.defineProperty(process,'versions',{value:{...process.versions,node:'${versions}'}});Object.defineProperty(process,'arch',{value:'${arch}'})`;
  return ['--import', `data:text/javascript,${encodeURIComponent(patch)}`];
}
