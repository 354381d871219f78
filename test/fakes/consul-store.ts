import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Bytes of a value that Consul takes. */
const VALUE_BYTES_MAX = 512 * 1_024;

interface Row {
  value: Buffer;
  index: number;
}

/** The part of Consul’s HTTP interface that keeps values: reads, blocking queries, check-and-set, ACL tokens. */
export class ConsulStore {
  /** What clients must send; undefined lets everyone in. */
  token: string | undefined;
  private readonly rows = new Map<string, Row>();
  private readonly server: Server;
  private waiting: (() => void)[] = [];
  private index = 10;

  private constructor() {
    this.server = createServer((request, response) => void this.answer(request, response));
  }

  static async start(): Promise<ConsulStore> {
    const store = new ConsulStore();
    await new Promise<void>((done) => store.server.listen(0, '127.0.0.1', done));
    return store;
  }

  get address(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  put(key: string, value: Buffer): void {
    this.rows.set(key, { value, index: ++this.index });
    const { waiting } = this;
    this.waiting = [];
    for (const wake of waiting) wake();
  }

  /** As if it began anew, with lower indexes. */
  reset(index: number): void {
    this.index = index;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://consul');
    const key = decodeURIComponent(pathname.replace('/v1/kv/', ''));
    if (this.token !== undefined && request.headers['x-consul-token'] !== this.token) {
      response.writeHead(403).end('Permission denied: token lacks permission');
      return;
    }
    if (request.method === 'PUT') {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const value = Buffer.concat(chunks);
      if (value.length > VALUE_BYTES_MAX) {
        response.writeHead(413).end(`Request body(${value.length} bytes) too large, max size: ${VALUE_BYTES_MAX} bytes`);
        return;
      }
      const isNext = Number(searchParams.get('cas')) === (this.rows.get(key)?.index ?? 0);
      if (isNext) this.put(key, value);
      response.writeHead(200).end(`${isNext}`);
      return;
    }
    const index = searchParams.get('index');
    if (index !== null && this.indexOf(key) === Number(index)) await this.changed(request);
    const row = this.rows.get(key);
    response.setHeader('x-consul-index', this.indexOf(key));
    if (row === undefined) response.writeHead(404).end();
    else response.writeHead(200).end(JSON.stringify([{ Key: key, Value: row.value.toString('base64'), ModifyIndex: row.index }]));
  }

  private indexOf(key: string): number {
    return this.rows.get(key)?.index ?? 1;
  }

  private changed(request: IncomingMessage): Promise<void> {
    return new Promise((done) => {
      this.waiting.push(done);
      request.once('close', done);
    });
  }
}
