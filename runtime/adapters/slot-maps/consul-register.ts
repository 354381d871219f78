import { REGISTER_WAIT_MS } from '../../contract/limits.ts';
import type { SlotMap } from '../../contract/slot-map-schema.ts';
import type { PublishedSlotMap, SlotMapRegister } from '../../ports/slot-maps.ts';
import { readCredentials } from '../engine-credentials.ts';
import { type CallOptions, KeyValueCalls, parsedMap } from './key-value-calls.ts';

export interface ConsulRegisterOptions {
  /** `http://host:port` */
  readonly endpoints: readonly string[];
  readonly key: string;
  /** File with `{"username", "password"}`, whose password is an ACL token. @default none */
  readonly credentialsPath?: string;
}

/** A value is 512 KB at most. */
const TOO_LARGE = 413;

/** A slot map under a key of Consul’s store. */
export class ConsulRegister implements SlotMapRegister {
  private readonly calls: KeyValueCalls;
  private readonly key: string;
  private readonly credentialsPath: string | undefined;

  constructor({ endpoints, key, credentialsPath }: ConsulRegisterOptions) {
    this.calls = new KeyValueCalls('consul', endpoints);
    this.key = key;
    this.credentialsPath = credentialsPath;
  }

  get name(): string {
    return `${this.calls.name} ${this.key}`;
  }

  read(): Promise<PublishedSlotMap | undefined> {
    return this.get('', {});
  }

  /** A blocking query: Consul answers when the key has another index than the one named, or its time is over. */
  async next(known: string | undefined, signal: AbortSignal): Promise<PublishedSlotMap | undefined> {
    const found = await this.read();
    if (found?.revision !== known) return found;
    const query = `&index=${known ?? 1}&wait=${REGISTER_WAIT_MS / 1_000}s`;
    try {
      return await this.get(query, { signal, timeoutMs: 2 * REGISTER_WAIT_MS });
    } catch (error) {
      if (signal.aborted) return found;
      throw error;
    }
  }

  async publish(map: SlotMap, from: string | undefined): Promise<boolean> {
    const response = await this.respond(`&cas=${from ?? 0}`, { method: 'PUT', body: JSON.stringify(map) });
    if (!response.ok) throw await this.refused(response);
    return (await response.text()).trim() === 'true';
  }

  private async get(query: string, options: CallOptions): Promise<PublishedSlotMap | undefined> {
    const response = await this.respond(`&consistent${query}`, options);
    if (response.status === 404) return undefined;
    if (!response.ok) throw await this.refused(response);
    const [row] = (await response.json()) as { Value: string | null; ModifyIndex: number }[];
    if (row === undefined) return undefined;
    const text = Buffer.from(row.Value ?? '', 'base64').toString('utf8');
    return { document: parsedMap(text, this.name), revision: String(row.ModifyIndex) };
  }

  private async respond(query: string, options: CallOptions): Promise<Response> {
    const headers: Record<string, string> =
      this.credentialsPath === undefined ? {} : { 'x-consul-token': (await readCredentials(this.credentialsPath)).password };
    const path = this.key.split('/').map(encodeURIComponent).join('/');
    return await this.calls.ask(`/v1/kv/${path}?${query.replace(/^&/, '')}`, { ...options, headers });
  }

  private async refused(response: Response): Promise<Error> {
    const said = (await response.text()).trim().slice(0, 200);
    if (response.status === TOO_LARGE) return this.calls.invalid(`the slot map is larger than a value may be: ${said}`);
    return this.calls.invalid(`answered ${response.status}: ${said}; look at the token in ${this.credentialsPath ?? '?credentials='}`);
  }
}
