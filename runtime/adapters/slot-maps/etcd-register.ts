import { REGISTER_WAIT_MS } from '../../contract/limits.ts';
import type { SlotMap } from '../../contract/slot-map-schema.ts';
import type { PublishedSlotMap, SlotMapRegister } from '../../ports/slot-maps.ts';
import { readCredentials } from '../engine-credentials.ts';
import { KeyValueCalls, parsedMap } from './key-value-calls.ts';

export interface EtcdRegisterOptions {
  /** `http://host:port` */
  readonly endpoints: readonly string[];
  readonly key: string;
  /** File with `{"username", "password"}`. @default none - etcd asks nobody who they are */
  readonly credentialsPath?: string;
}

/** etcd’s code for a token that it does not know (any more). */
const UNAUTHENTICATED = 16;
/** The request itself is wrong: a value above etcd’s 1.5 MB is one. */
const REFUSED: Readonly<Record<number, string>> = { 3: 'refused the request', 7: 'does not let this user do it' };

interface RangeAnswer {
  readonly kvs?: readonly { readonly value?: string; readonly mod_revision: string }[];
}

/** A slot map under a key of etcd v3, by its JSON gateway. */
export class EtcdRegister implements SlotMapRegister {
  private readonly calls: KeyValueCalls;
  private readonly key: string;
  private readonly credentialsPath: string | undefined;
  private token: string | undefined;

  constructor({ endpoints, key, credentialsPath }: EtcdRegisterOptions) {
    this.calls = new KeyValueCalls('etcd', endpoints);
    this.key = key;
    this.credentialsPath = credentialsPath;
  }

  get name(): string {
    return `${this.calls.name} ${this.key}`;
  }

  async read(): Promise<PublishedSlotMap | undefined> {
    const { kvs: [row] = [] } = (await this.call('/v3/kv/range', { key: base64(this.key) })) as RangeAnswer;
    if (row === undefined) return undefined;
    const text = Buffer.from(row.value ?? '', 'base64').toString('utf8');
    return { document: parsedMap(text, this.name), revision: row.mod_revision };
  }

  /** The read afterwards is what counts: a watch only says when. */
  async next(known: string | undefined, signal: AbortSignal): Promise<PublishedSlotMap | undefined> {
    const found = await this.read();
    if (found?.revision !== known) return found;
    await this.untilTouched(known, signal);
    return await this.read();
  }

  async publish(map: SlotMap, from: string | undefined): Promise<boolean> {
    const key = base64(this.key);
    const answer = await this.call('/v3/kv/txn', {
      // A key that is not there has modification 0.
      compare: [{ key, target: 'MOD', result: 'EQUAL', mod_revision: from ?? '0' }],
      success: [{ request_put: { key, value: base64(JSON.stringify(map)) } }],
    });
    return (answer as { succeeded?: boolean }).succeeded === true;
  }

  /** Resolves when the key changes after revision `known`, or REGISTER_WAIT_MS have passed, or the signal aborts. */
  private async untilTouched(known: string | undefined, signal: AbortSignal): Promise<void> {
    const ended = AbortSignal.any([signal, AbortSignal.timeout(REGISTER_WAIT_MS)]);
    const start = known === undefined ? {} : { start_revision: String(BigInt(known) + 1n) };
    try {
      const response = await this.respond('/v3/watch', { create_request: { key: base64(this.key), ...start } }, ended);
      let said = '';
      for await (const chunk of response.body ?? []) {
        said = said.slice(-16) + Buffer.from(chunk as Uint8Array).toString('utf8');
        // The first line says that the watch stands; any other is an event, or says that etcd has forgotten that revision.
        if (/"(events|canceled)"/.test(said)) return;
      }
    } catch (error) {
      if (!ended.aborted) throw error;
    }
  }

  private async call(path: string, input: unknown): Promise<unknown> {
    return await (await this.respond(path, input)).json();
  }

  private async respond(path: string, input: unknown, signal?: AbortSignal): Promise<Response> {
    for (let isRetry = false; ; isRetry = true) {
      this.token ??= await this.login();
      const headers: Record<string, string> = this.token === '' ? {} : { authorization: this.token };
      const waiting = signal === undefined ? {} : { signal, timeoutMs: 2 * REGISTER_WAIT_MS };
      const response = await this.calls.ask(path, { method: 'POST', headers, body: JSON.stringify(input), ...waiting });
      if (response.ok) return response;
      const { code = 0, message = '' } = (await response.json().catch(() => ({}))) as { code?: number; message?: string };
      this.token = undefined;
      // Tokens live for minutes; one that has ended is asked for again, once.
      if (code === UNAUTHENTICATED && this.credentialsPath !== undefined && !isRetry) continue;
      throw this.calls.invalid(`${REFUSED[code] ?? `answered ${response.status}`}: ${message}`);
    }
  }

  /** Empty where etcd asks for none. */
  private async login(): Promise<string> {
    if (this.credentialsPath === undefined) return '';
    const { username: name, password } = await readCredentials(this.credentialsPath);
    const body = JSON.stringify({ name, password });
    const response = await this.calls.ask('/v3/auth/authenticate', { method: 'POST', body });
    const { token } = (await response.json().catch(() => ({}))) as { token?: string };
    if (token === undefined) throw this.calls.invalid(`it takes no login of ${name}; look at ${this.credentialsPath}`);
    return token;
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
