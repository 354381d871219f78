import { errorLine, IrisError } from '../../contract/errors.ts';
import { REGISTER_TIMEOUT_MS } from '../../contract/limits.ts';

export interface CallOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Milliseconds it may take. @default REGISTER_TIMEOUT_MS */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** HTTP to a store that answers at several addresses: the one that answered last is asked first. */
export class KeyValueCalls {
  readonly name: string;
  private readonly endpoints: readonly string[];
  private turn = 0;

  /** `name` is for messages: `etcd a:2379,b:2379`. */
  constructor(kind: string, endpoints: readonly string[]) {
    this.endpoints = endpoints;
    this.name = `${kind} ${endpoints.map((endpoint) => endpoint.replace(/^https?:\/\//, '')).join(',')}`;
  }

  /** Whatever its status is. @throws IrisError ENGINE_UNAVAILABLE when no address answers */
  async ask(path: string, { timeoutMs = REGISTER_TIMEOUT_MS, signal, ...init }: CallOptions): Promise<Response> {
    let failure: unknown;
    for (let tries = 0; tries < this.endpoints.length; tries++) {
      const endpoint = this.endpoints[this.turn % this.endpoints.length] as string;
      const timeout = AbortSignal.timeout(timeoutMs);
      try {
        const response = await fetch(`${endpoint}${path}`, {
          ...init,
          signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
        });
        if (response.status < 500) return response;
        failure = new Error(`${response.status} ${(await response.text()).trim().slice(0, 200)}`);
      } catch (cause) {
        if (signal?.aborted === true) throw cause;
        failure = cause;
      }
      this.turn++;
    }
    throw this.unavailable(failure);
  }

  unavailable(cause: unknown): IrisError {
    return new IrisError('ENGINE_UNAVAILABLE', `${this.name} does not answer: ${errorLine(cause)}`);
  }

  /** What it answered is no answer to what was asked. */
  invalid(reason: string): IrisError {
    return new IrisError('ENGINE_INVALID', `${this.name}: ${reason}`);
  }
}

/** @throws IrisError FILE_UNREADABLE */
export function parsedMap(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new IrisError('FILE_UNREADABLE', `${where} is no JSON: ${errorLine(cause)}`);
  }
}
