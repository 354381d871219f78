import { readFile } from 'node:fs/promises';
import { IrisError } from '../contract/errors.ts';

export interface EngineCredentials {
  readonly username: string;
  readonly password: string;
}

/**
 * Reads who logs in to an engine: `{ "username": …, "password": … }`, as a secret store hands it out. What the file holds is in no error.
 * @throws IrisError ENGINE_INVALID naming the file.
 */
export async function readCredentials(path: string): Promise<EngineCredentials> {
  const invalid = (what: string): IrisError =>
    new IrisError('ENGINE_INVALID', `credentials file ${path} ${what}; it holds { "username": "…", "password": "…" }`);
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw invalid(`cannot be read (${cause.code})`);
  });
  const value = parsed(text);
  if (typeof value !== 'object' || value === null) throw invalid('is no JSON object');
  const { username, password } = value as Record<string, unknown>;
  if (typeof username !== 'string' || username === '') throw invalid('has no username');
  if (typeof password !== 'string' || password === '') throw invalid('has no password');
  return { username, password };
}

/**
 * A login that is read again for each connection, so that what is rotated takes no restart. A file that cannot be used, such as one that is half written, leaves
 * the login before; where that counts no longer, the engine’s refusal names the file.
 */
export class EngineLogin {
  private readonly path: string;
  /** As it was read last. */
  last: EngineCredentials;

  private constructor(path: string, first: EngineCredentials) {
    this.path = path;
    this.last = first;
  }

  /** @throws IrisError ENGINE_INVALID naming the file */
  static async open(path: string): Promise<EngineLogin> {
    return new EngineLogin(path, await readCredentials(path));
  }

  async read(): Promise<EngineCredentials> {
    try {
      this.last = await readCredentials(this.path);
    } catch (error) {
      if (!(error instanceof IrisError)) throw error;
    }
    return this.last;
  }
}

/** Undefined for what is no JSON: a parser’s message would quote the password. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
