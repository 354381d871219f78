import { createHash } from 'node:crypto';
import type { S3Client } from '@aws-sdk/client-s3';
import type { SSMClient } from '@aws-sdk/client-ssm';
import { errorLine, IrisError } from '../../contract/errors.ts';
import { PUBLISHER_CLAIM_MS, REGISTER_TIMEOUT_MS, SSM_LOOK_MS } from '../../contract/limits.ts';
import { PUBLISHED_ENDING } from '../../contract/slot-map-place.ts';
import type { SlotMap } from '../../contract/slot-map-schema.ts';
import type { PublishedSlotMap, SlotMapRegister } from '../../ports/slot-maps.ts';
import { assumedRole } from '../aws/assumed-role.ts';
import { parsedMap } from './key-value-calls.ts';
import { pause } from './pause.ts';

export interface SsmRegisterOptions {
  readonly awsRegion: string;
  /**
   * The parameter by which a deployment says which object of S3 is the map: `{"bucket","key","sha256"}`. It counts until the first publication, which
   * goes to the parameter of that name and PUBLISHED_ENDING.
   */
  readonly parameter: string;
  /** Role with which everything is read, where another account has it. @default none: the process’s own credentials */
  readonly roleArn?: string;
  /** @default SSM_LOOK_MS */
  readonly everySeconds?: number;
  /** Milliseconds after which a publisher that has not moved the pointer counts as gone. @default PUBLISHER_CLAIM_MS */
  readonly claimMs?: number;
}

interface Pointer {
  readonly bucket: string;
  readonly key: string;
  readonly sha256: string;
}

/** What a pointer said, and which version of which pointer that was. */
interface Pointed {
  readonly pointer: Pointer;
  readonly revision: string;
}

/** Ending of slot maps in S3: what the roles of nodes may read. */
const ENDING = 'slotmap';

/**
 * A slot map in S3 behind a pointer in SSM, where a deployment puts it. A parameter cannot be compared and set, an object can be created once: a map
 * lies under the name of the publication that it replaces, so whoever creates that object has published, and moves the pointer.
 */
export class SsmRegister implements SlotMapRegister {
  readonly name: string;
  private readonly options: SsmRegisterOptions;
  private clients: Promise<{ ssm: SSMClient; s3: S3Client }> | undefined;

  constructor(options: SsmRegisterOptions) {
    this.options = options;
    this.name = `parameter ${options.parameter} of ${options.awsRegion}`;
  }

  async read(): Promise<PublishedSlotMap | undefined> {
    const pointed = await this.pointed();
    if (pointed === undefined) return undefined;
    const text = await this.text(pointed.pointer);
    return { document: parsedMap(text, this.name), revision: pointed.revision };
  }

  async next(known: string | undefined, signal: AbortSignal): Promise<PublishedSlotMap | undefined> {
    const { everySeconds } = this.options;
    await pause(everySeconds === undefined ? SSM_LOOK_MS : everySeconds * 1_000, signal);
    const pointed = await this.pointed();
    if (pointed === undefined) return undefined;
    // What stays is not fetched again; it is told by its revision alone.
    if (pointed.revision === known) return { document: undefined, revision: known };
    return { document: parsedMap(await this.text(pointed.pointer), this.name), revision: pointed.revision };
  }

  async publish(map: SlotMap, from: string | undefined): Promise<boolean> {
    const pointed = await this.pointed();
    if (pointed === undefined || from === undefined)
      throw new IrisError('COMMAND_INVALID', `the first slot map of ${this.name} is the deployment's; deploy the global stack`);
    if (pointed.revision !== from) return false;
    const text = `${JSON.stringify(map)}\n`;
    const { bucket } = pointed.pointer;
    const pointer = { bucket, key: keyOf(map, from), sha256: sha256(text) };
    if (await this.create(pointer, text)) {
      await this.point(pointer);
      return true;
    }
    await this.finish(pointer, from);
    return false;
  }

  /** Undefined without a parameter. */
  private async pointed(): Promise<Pointed | undefined> {
    const { parameter } = this.options;
    const { GetParametersCommand } = await import('@aws-sdk/client-ssm');
    const { ssm } = await this.connected();
    const names = [`${parameter}${PUBLISHED_ENDING}`, parameter];
    const answer = await this.asked(`ssm:GetParameters ${parameter}`, ssm.send(new GetParametersCommand({ Names: names })));
    const found = names.flatMap((name) => answer?.Parameters?.find(({ Name }) => Name === name) ?? [])[0];
    if (found === undefined) return undefined;
    const { Name = '', Value = '', Version = 0, LastModifiedDate } = found;
    const { bucket, key, sha256: hash } = (parsedMap(Value, Name) ?? {}) as Partial<Pointer>;
    if (bucket === undefined || key === undefined || hash === undefined)
      throw new IrisError('FILE_UNREADABLE', `parameter ${Name} is no pointer: it must hold bucket, key and sha256`);
    const revision = `${Name === parameter ? 'deployed' : 'published'}-${Version}-${LastModifiedDate?.getTime() ?? 0}`;
    return { pointer: { bucket, key, sha256: hash }, revision };
  }

  private async text({ bucket, key, sha256: expected }: Pointer): Promise<string> {
    const text = await this.object(bucket, key);
    const actual = sha256(text);
    if (actual === expected) return text;
    throw new IrisError('FILE_UNREADABLE', `s3://${bucket}/${key} has sha256 ${actual}, the pointer says ${expected}`);
  }

  private async object(bucket: string, key: string): Promise<string> {
    const { GetObjectCommand } = await import('@aws-sdk/client-s3');
    const { s3 } = await this.connected();
    const answer = await this.asked(`s3:GetObject ${bucket}/${key}`, s3.send(new GetObjectCommand({ Bucket: bucket, Key: key })));
    return (await answer?.Body?.transformToString()) ?? '';
  }

  /** False where it is there already. */
  private async create({ bucket, key }: Pointer, text: string): Promise<boolean> {
    const { PutObjectCommand } = await import('@aws-sdk/client-s3');
    const { s3 } = await this.connected();
    const command = new PutObjectCommand({ Bucket: bucket, Key: key, Body: text, IfNoneMatch: '*', ContentType: 'application/json' });
    const made = await this.asked(`s3:PutObject ${bucket}/${key}`, s3.send(command), 'PreconditionFailed');
    return made !== undefined;
  }

  protected async point(pointer: Pointer): Promise<void> {
    const { parameter } = this.options;
    const { PutParameterCommand } = await import('@aws-sdk/client-ssm');
    const { ssm } = await this.connected();
    const name = `${parameter}${PUBLISHED_ENDING}`;
    const command = new PutParameterCommand({ Name: name, Value: JSON.stringify(pointer), Type: 'String', Overwrite: true });
    await this.asked(`ssm:PutParameter ${name}`, ssm.send(command));
  }

  /** Moves the pointer for a publisher that has ended between its two steps. */
  private async finish({ bucket, key }: Pointer, from: string): Promise<void> {
    const { HeadObjectCommand } = await import('@aws-sdk/client-s3');
    const { s3 } = await this.connected();
    const head = await this.asked(`s3:GetObject ${bucket}/${key}`, s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key })));
    const age = Date.now() - (head?.LastModified?.getTime() ?? Date.now());
    if (age < (this.options.claimMs ?? PUBLISHER_CLAIM_MS) || (await this.pointed())?.revision !== from) return;
    await this.point({ bucket, key, sha256: sha256(await this.object(bucket, key)) });
  }

  /** Credentials and endpoint come from where every tool of AWS takes them. */
  private connected(): Promise<{ ssm: SSMClient; s3: S3Client }> {
    this.clients ??= (async () => {
      const requestHandler = { connectionTimeout: REGISTER_TIMEOUT_MS, requestTimeout: REGISTER_TIMEOUT_MS };
      const { awsRegion, roleArn } = this.options;
      const credentials = roleArn === undefined ? {} : { credentials: () => assumedRole({ roleArn, awsRegion }) };
      const config = { region: awsRegion, requestHandler, maxAttempts: 2, ...credentials };
      const [{ SSMClient: Ssm }, { S3Client: S3 }] = await Promise.all([import('@aws-sdk/client-ssm'), import('@aws-sdk/client-s3')]);
      return { ssm: new Ssm(config), s3: new S3(config) };
    })();
    return this.clients;
  }

  /** The answer; undefined for the one refusal that is an answer. */
  private async asked<T>(question: string, answer: Promise<T>, expected?: string): Promise<T | undefined> {
    try {
      return await answer;
    } catch (error) {
      const name = error instanceof Error ? error.name : '';
      if (name === expected) return undefined;
      throw new IrisError('AWS_REFUSED', `${question} in ${this.options.awsRegion}: ${name} ${errorLine(error)}`);
    }
  }
}

/** Named after the publication that it replaces, so that two which replace the same one meet. */
function keyOf({ environment, version }: SlotMap, from: string): string {
  return `iris-${environment}-${version}-after-${from}.${ENDING}`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
