import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CollectedTelemetry } from '../adapters/telemetry-pino.ts';
import { IrisError } from '../contract/errors.ts';
import type { Listener } from '../contract/node-config.ts';

export interface AdminServerParts {
  readonly telemetry: CollectedTelemetry;
  /** Why this node should get no new work; undefined while it is ready. */
  unreadyReason(): string | undefined;
}

export interface AdminServer {
  readonly address: string;
  close(): void;
}

/** Health, readiness and metrics for operators and load balancers. Answers GET only, reads no body. */
export function startAdminServer(listen: Listener, parts: AdminServerParts): Promise<AdminServer> {
  const server = createServer({ requestTimeout: 5_000, headersTimeout: 5_000, maxHeaderSize: 8_192 }, (request, response) => {
    const { status, body } = answer(request.method ?? '', request.url ?? '', parts);
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' }).end(body);
  });
  server.maxConnections = 64;
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new IrisError('ADDRESS_IN_USE', `admin listener ${listen.host}:${listen.port} cannot be opened`, { cause })),
    );
    server.listen(listen.port, listen.host, () => resolve({ address: addressOf(server), close: () => closeNow(server) }));
  });
}

function answer(method: string, url: string, parts: AdminServerParts): { status: number; body: string } {
  if (method !== 'GET') return { status: 405, body: `${method} is not allowed, use GET\n` };
  switch (url.split('?')[0]) {
    case '/healthz':
      return { status: 200, body: 'ok\n' };
    case '/readyz': {
      const reason = parts.unreadyReason();
      return reason === undefined ? { status: 200, body: 'ready\n' } : { status: 503, body: `${reason}\n` };
    }
    case '/metrics':
      return { status: 200, body: parts.telemetry.render() };
    default:
      return { status: 404, body: 'known paths: /healthz /readyz /metrics\n' };
  }
}

function addressOf(server: Server): string {
  const bound = server.address() as AddressInfo;
  return bound.family === 'IPv6' ? `[${bound.address}]:${bound.port}` : `${bound.address}:${bound.port}`;
}

function closeNow(server: Server): void {
  server.close();
  server.closeAllConnections();
}
