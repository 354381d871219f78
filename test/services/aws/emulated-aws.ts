import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { until } from '../../servers/node-pair.ts';
import { freePort } from '../free-port.ts';
import { PYTHON, requireTool } from '../tool.ts';

export const ACCOUNT = '123456789012';

export interface EmulatedAwsOptions {
  /** Logical ids of resources that are to fail. */
  readonly failures?: readonly string[];
}

/** A Python that has moto and cfn-lint. Made when the machine has none yet: a minute, once. */
export function pythonOfAws(): string {
  requireTool(PYTHON);
  return execFileSync(resolve(__dirname, 'emulated-aws.sh'), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

/** An AWS on loopback that the CDK’s command line deploys to; a process of its own, ended with the test. */
export class EmulatedAws {
  readonly endpoint: string;
  private readonly child: ChildProcess;
  /** Tells the emulator which account asks. */
  private accessKey = 'test';
  private readonly folder: string;

  private constructor(child: ChildProcess, port: number, folder: string) {
    this.child = child;
    // CloudFormation’s template addresses are understood with this name only.
    this.endpoint = `http://localhost:${port}`;
    this.folder = folder;
  }

  static async start({ failures = [] }: EmulatedAwsOptions = {}): Promise<EmulatedAws> {
    const python = pythonOfAws();
    const folder = mkdtempSync(join(tmpdir(), 'iris-aws-'));
    const port = await freePort();
    const log = openSync(join(folder, 'aws.log'), 'w');
    const env = {
      ...process.env,
      EMULATED_FAILURES: failures.join(','),
      MOTO_ALLOW_NONEXISTENT_REGION: 'true',
      MOTO_EC2_LOAD_DEFAULT_AMIS: 'true',
      PYTHONDONTWRITEBYTECODE: '1',
    };
    const child = spawn(python, [resolve(__dirname, 'emulated_aws.py'), String(port)], { env, stdio: ['ignore', log, log] });
    closeSync(log);
    const aws = new EmulatedAws(child, port, folder);
    await until(() => aws.answers(), 'the emulated AWS answers', 180_000);
    return aws;
  }

  /** What the CDK’s command line and the SDK need to reach it. Nothing of the user’s own home is read or written. */
  get env(): Record<string, string> {
    return {
      AWS_ENDPOINT_URL: this.endpoint,
      AWS_ACCESS_KEY_ID: this.accessKey,
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_REGION: 'us-east-1',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_S3_FORCE_PATH_STYLE: '1',
      CDK_DISABLE_VERSION_CHECK: '1',
      HOME: this.folder,
    };
  }

  /** The same AWS with keys of another account’s role: the same process, ended with the first. */
  async as(account: string, role: string): Promise<EmulatedAws> {
    const RoleArn = `arn:aws:iam::${account}:role/${role}`;
    const answer = await this.query('sts', 'us-east-1', { Action: 'AssumeRole', Version: '2011-06-15', RoleArn, RoleSessionName: 'test' });
    const other = Object.create(this) as EmulatedAws;
    other.accessKey = /<AccessKeyId>([^<]+)</.exec(answer)![1]!;
    return other;
  }

  /** The value of an SSM parameter; undefined when there is none. */
  async parameter(region: string, name: string): Promise<string | undefined> {
    const answer = await this.call(
      'ssm',
      region,
      { 'x-amz-target': 'AmazonSSM.GetParameter', 'content-type': 'application/x-amz-json-1.1' },
      JSON.stringify({ Name: name }),
    );
    return answer.ok ? ((await answer.json()) as { Parameter: { Value: string } }).Parameter.Value : undefined;
  }

  /** Sets a parameter that an operator has to set. */
  async setParameter(region: string, name: string, value: string): Promise<void> {
    const headers = { 'x-amz-target': 'AmazonSSM.PutParameter', 'content-type': 'application/x-amz-json-1.1' };
    const answer = await this.call('ssm', region, headers, JSON.stringify({ Name: name, Value: value, Type: 'String', Overwrite: true }));
    if (!answer.ok) throw new Error(`the parameter ${name} was not set: ${await answer.text()}`);
  }

  /** The object at `s3://bucket/key`. */
  async object(uri: string): Promise<Buffer> {
    const headers = { authorization: this.authorization('s3', 'us-east-1') };
    const answer = await fetch(`${this.endpoint}/${uri.replace(/^s3:\/\//, '')}`, { headers });
    if (!answer.ok) throw new Error(`${uri}: ${answer.status}`);
    return Buffer.from(await answer.arrayBuffer());
  }

  /** Logical ids of a stack’s resources that exist. */
  async resourcesOf(stack: string, region: string): Promise<string[]> {
    const answer = await this.query('cloudformation', region, {
      Action: 'DescribeStackResources',
      Version: '2010-05-15',
      StackName: stack,
    });
    return [...answer.matchAll(/<LogicalResourceId>([^<]+)</g)].map((match) => match[1]!);
  }

  /** Names of the stacks that are there. */
  async stacksIn(region: string): Promise<string[]> {
    const answer = await this.query('cloudformation', region, { Action: 'DescribeStacks', Version: '2010-05-15' });
    return [...answer.matchAll(/<StackName>([^<]+)</g)].map((match) => match[1]!);
  }

  /** What an operator says before a stack with state may be deleted. */
  async unprotect(region: string, stack: string): Promise<void> {
    const Action = 'UpdateTerminationProtection';
    await this.query('cloudformation', region, { Action, Version: '2010-05-15', StackName: stack, EnableTerminationProtection: 'false' });
  }

  /** Answer of a service that speaks forms and XML. */
  async query(service: string, region: string, form: Readonly<Record<string, string>>): Promise<string> {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await this.call(service, region, headers, new URLSearchParams(form).toString());
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${form['Action']}: ${text}`);
    return text;
  }

  get port(): number {
    return Number(new URL(this.endpoint).port);
  }

  /** The last lines that it wrote, for a failed test. */
  lastWords(): string {
    return readFileSync(join(this.folder, 'aws.log'), 'utf8').split('\n').slice(-30).join('\n');
  }

  async stop(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    if (this.child.exitCode === null && this.child.signalCode === null) await exited;
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async call(service: string, region: string, headers: Record<string, string>, body: string): Promise<Response> {
    return await fetch(this.endpoint, {
      method: 'POST',
      headers: { ...headers, authorization: this.authorization(service, region) },
      body,
    });
  }

  /** The emulator reads key, service and region out of it, and checks no signature. */
  private authorization(service: string, region: string): string {
    return `AWS4-HMAC-SHA256 Credential=${this.accessKey}/20260101/${region}/${service}/aws4_request, SignedHeaders=host, Signature=0`;
  }

  private async answers(): Promise<boolean> {
    if (this.child.exitCode !== null) throw new Error(`the emulated AWS ended: ${this.lastWords()}`);
    return await fetch(`${this.endpoint}/moto-api/data.json`).then(
      ({ ok }) => ok,
      () => false,
    );
  }
}
