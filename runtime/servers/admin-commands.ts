import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { ERROR_CODES, errorLine, IrisError } from '../contract/errors.ts';
import { ADMIN_BODY_BYTES_MAX, ADMIN_TOKEN_BYTES_MIN } from '../contract/limits.ts';
import type { Log } from '../ports/telemetry.ts';

/**
 * What an operator may ask of a running node. `input` is the request’s JSON body, undefined for an empty one; the result is sent as JSON.
 * @throws IrisError COMMAND_INVALID for an input of the wrong shape, or whatever refuses the command.
 */
export type AdminCommand = (input: unknown) => unknown;

/** By the name in `POST /commands/<name>`. */
export type AdminCommands = Readonly<Record<string, AdminCommand>>;

export interface AdminAnswer {
  readonly status: number;
  readonly body: string;
}

/** Runs commands for whoever holds the token; without a token file there are none. */
export class AdminCommandRunner {
  private readonly commands: AdminCommands;
  private readonly tokenDigest: Buffer | undefined;
  private readonly log: Log;

  /** @throws IrisError CONFIG_INVALID when the token file is missing or its token too short. */
  constructor(commands: AdminCommands, tokenPath: string | undefined, log: Log) {
    this.commands = commands;
    this.tokenDigest = tokenPath === undefined ? undefined : digest(readToken(tokenPath));
    this.log = log;
  }

  async answer(name: string, request: IncomingMessage): Promise<AdminAnswer> {
    const refused = this.refusal(name, request.headers.authorization);
    if (refused !== undefined) {
      // Its body may be endless: it is not read.
      request.resume();
      return refused;
    }
    const command = this.commands[name] as AdminCommand;
    try {
      const result: unknown = await command(await readBody(request));
      this.log.info('admin-command', { command: name });
      return { status: 200, body: `${JSON.stringify(result ?? {})}\n` };
    } catch (error) {
      this.log.warn('admin-command-refused', { command: name, reason: errorLine(error) });
      if (!(error instanceof IrisError)) return refusal(500, 'unexpected', errorLine(error));
      return refusal(ERROR_CODES[error.code].retry ? 503 : 400, error.code, error.message);
    }
  }

  private refusal(name: string, authorization: string | undefined): AdminAnswer | undefined {
    if (this.tokenDigest === undefined)
      return refusal(403, 'AUTHENTICATION_FAILED', 'commands are off on this node: its config names no admin.tokenPath');
    const token = /^Bearer (\S+)$/.exec(authorization ?? '')?.[1] ?? '';
    // Digests are compared, so that neither bytes nor length of the token show in the time it takes.
    if (!timingSafeEqual(digest(token), this.tokenDigest))
      return refusal(
        401,
        'AUTHENTICATION_FAILED',
        'authorization: Bearer <token> is missing or wrong; the token is in the file admin.tokenPath',
      );
    if (Object.hasOwn(this.commands, name)) return undefined;
    const known = Object.keys(this.commands).join(', ') || 'none';
    return refusal(404, 'COMMAND_INVALID', `no command is called '${name}' on this node; there are: ${known}`);
  }
}

/** An error as the admin server tells it. */
function refusal(status: number, code: string, message: string): AdminAnswer {
  return { status, body: `${JSON.stringify({ error: { code, message } })}\n` };
}

/** @throws IrisError COMMAND_INVALID for a body that is too long or no JSON. */
async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > ADMIN_BODY_BYTES_MAX)
      throw new IrisError('COMMAND_INVALID', `the body is longer than ${ADMIN_BODY_BYTES_MAX} bytes, the limit`);
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new IrisError('COMMAND_INVALID', `the body is not JSON: ${errorLine(cause)}`);
  }
}

function readToken(path: string): string {
  let token: string;
  try {
    token = readFileSync(path, 'utf8').trim();
  } catch (cause) {
    throw new IrisError('CONFIG_INVALID', `admin.tokenPath: ${path} cannot be read: ${errorLine(cause)}`);
  }
  if (Buffer.byteLength(token) >= ADMIN_TOKEN_BYTES_MIN) return token;
  throw new IrisError('CONFIG_INVALID', `admin.tokenPath: the token in ${path} is shorter than ${ADMIN_TOKEN_BYTES_MIN} bytes`);
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
