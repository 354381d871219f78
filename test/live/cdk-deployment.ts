import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Environment } from '../../environments/environment.ts';
import { PINNED_NODE } from '../../infra/package/pinned-node.ts';
import { createPlan } from '../../infra/plan/create-plan.ts';
import type { Plan } from '../../infra/plan/plan.ts';
import { ACCOUNT, EmulatedAws, type EmulatedAwsOptions } from '../services/aws/emulated-aws.ts';

export interface CommandEnd {
  readonly status: number | null;
  readonly stdout: string;
  /** Both streams. */
  readonly output: string;
}

const root = resolve(__dirname, '../..');
const cdk = join(root, 'node_modules/.bin/cdk');

/** `cdk` and `iris` on an emulated AWS of their own: what an infra team types, with its files in a folder that goes with it. */
export class CdkDeployment {
  readonly folder = mkdtempSync(join(tmpdir(), 'iris-deploy-'));
  readonly out = join(this.folder, 'cdk.out');
  private emulated: EmulatedAws | undefined;

  get aws(): EmulatedAws {
    if (this.emulated === undefined) throw new Error('the emulated AWS is not there');
    return this.emulated;
  }

  /**
   * An empty AWS, in place of one that is there already.
   * @param node the Node that is put into the package; nothing runs it where templates are all that counts
   */
  async start(options: EmulatedAwsOptions = {}, node: Buffer | string = 'node'): Promise<void> {
    await this.emulated?.stop();
    this.emulated = await EmulatedAws.start(options);
    const cache = join(this.folder, 'cache');
    mkdirSync(cache, { recursive: true });
    // No registry is asked: templates need the pinned Node’s hash only, and its bytes are an asset like any other.
    writeFileSync(join(cache, `node-${PINNED_NODE.version}-${PINNED_NODE.sha256.slice(0, 16)}.gz`), gzipSync(node, { level: 1 }));
  }

  async stop(): Promise<void> {
    await this.emulated?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The environment as a file of its own, as a user has it. */
  fileOf(environment: Environment, name: string): string {
    const path = join(this.folder, `${name}.json`);
    writeFileSync(path, JSON.stringify(environment));
    return path;
  }

  /** @throws Error with what was said. */
  bootstrap(environment: Environment, regions?: readonly string[]): void {
    this.bootstrapAccount(createPlan(environment), regions);
  }

  /** @param other keys of an account that is not the global one, which it then trusts. @throws Error with what was said. */
  bootstrapAccount(plan: Plan, regions?: readonly string[], other?: { readonly account: string; readonly aws: EmulatedAws }): void {
    const account = other?.account ?? plan.globalAccount;
    const used = plan.regions.filter((region) => region.account === account && (regions?.includes(region.code) ?? true));
    const awsRegions = new Set([plan.globalRegion, ...used.map(({ awsRegion }) => awsRegion)]);
    const places = [...awsRegions].map((awsRegion) => `aws://${other?.account ?? ACCOUNT}/${awsRegion}`);
    const policy = 'arn:aws:iam::aws:policy/AdministratorAccess';
    const trust = other === undefined ? [] : ['--trust', ACCOUNT, '--cloudformation-execution-policies', policy];
    // From a folder without an app: accounts and regions are named.
    const more = { CDK_VALIDATION: 'false', ...other?.aws.env };
    const { status, output } = this.run(cdk, ['bootstrap', ...trust, ...places], { cwd: this.folder, more });
    if (status !== 0) throw new Error(output);
  }

  deploy(path: string, ...more: readonly string[]): CommandEnd {
    const args = ['deploy', '--all', '-c', `environment=${path}`, '--output', this.out, '--require-approval', 'never'];
    return this.cdk([...args, '--progress', 'events', '--previous-parameters=false', '--concurrency', '4', ...more]);
  }

  cdk(args: readonly string[], cwd = root): CommandEnd {
    return this.run(cdk, args, { cwd, more: { CDK_VALIDATION: 'false' } });
  }

  iris(...args: readonly string[]): CommandEnd {
    return this.run(process.execPath, [join(root, 'bin/iris.js'), ...args], { cwd: root });
  }

  /** The document that a pointer names, when it has the hash that the pointer says. */
  async documentAt(region: string, parameter: string): Promise<unknown> {
    const value = await this.aws.parameter(region, parameter);
    if (value === undefined) throw new Error(`no parameter ${parameter} in ${region}`);
    const pointer = JSON.parse(value) as { bucket: string; key: string; sha256: string };
    const bytes = await this.aws.object(`s3://${pointer.bucket}/${pointer.key}`);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(pointer.sha256);
    return JSON.parse(bytes.toString('utf8')) as unknown;
  }

  /** Resources of each synthesized stack that was deployed, as `stack logical-id`: those of the templates, and those that AWS says it has. */
  async resources(): Promise<{ readonly wanted: readonly string[]; readonly made: readonly string[] }> {
    const manifest = JSON.parse(readFileSync(join(this.out, 'iris-manifest.json'), 'utf8')) as Manifest;
    const wanted: string[] = [];
    const made: string[] = [];
    for (const stack of [
      manifest.globalStack,
      ...manifest.accountStacks,
      ...Object.values(manifest.regionStacks).flat(),
      ...manifest.routingStacks,
    ]) {
      const template = JSON.parse(readFileSync(join(this.out, `${stack}.template.json`), 'utf8')) as { Resources: object };
      wanted.push(...Object.keys(template.Resources).map((id) => `${stack} ${id}`));
      const [account = '', region = ''] = this.placeOf(stack);
      const aws = /^\d+$/.test(account) && account !== ACCOUNT ? await this.aws.as(account, 'reader') : this.aws;
      made.push(...(await aws.resourcesOf(stack, region)).map((id) => `${stack} ${id}`));
    }
    return { wanted: wanted.toSorted(), made: made.toSorted() };
  }

  /** Account and AWS region. */
  private placeOf(stack: string): readonly string[] {
    const { artifacts } = JSON.parse(readFileSync(join(this.out, 'manifest.json'), 'utf8')) as Assembly;
    return artifacts[stack]?.environment?.split('/').slice(2) ?? [];
  }

  private run(command: string, args: readonly string[], { cwd, more = {} }: { cwd: string; more?: Record<string, string> }): CommandEnd {
    const env = { ...process.env, ...this.aws.env, IRIS_CACHE: join(this.folder, 'cache'), NO_COLOR: '1', ...more };
    const { status, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: 'utf8', timeout: 240_000, maxBuffer: 2 ** 26 });
    return { status, stdout, output: `${stdout}${stderr}` };
  }
}

interface Manifest {
  readonly globalStack: string;
  readonly accountStacks: readonly string[];
  readonly regionStacks: Readonly<Record<string, readonly string[]>>;
  readonly routingStacks: readonly string[];
}

interface Assembly {
  readonly artifacts: Readonly<Record<string, { readonly environment?: string }>>;
}

export function count(output: string, pattern: RegExp): number {
  return output.match(new RegExp(pattern, 'g'))?.length ?? 0;
}

/** What `cdk deploy` says of stacks that it created or updated, and of those it left alone. */
export function outcome({ status, output }: CommandEnd): { status: number | null; done: number; unchanged: number } {
  return { status, done: count(output, /✅ {2}/), unchanged: count(output, /\(no changes\)/) };
}
