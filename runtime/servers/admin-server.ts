import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CollectedTelemetry } from '../adapters/telemetry-pino.ts';
import { errorLine, IrisError } from '../contract/errors.ts';
import type { AdminListener } from '../contract/node-config.ts';
import { type AdminAnswer, AdminCommandRunner, type AdminCommands } from './admin-commands.ts';

export interface AdminServerParts {
  readonly telemetry: CollectedTelemetry;
  /** What `POST /commands/<name>` may run. */
  readonly commands: AdminCommands;
  /** What `GET /<name>` answers as JSON, at once or later. */
  readonly pages: Readonly<Record<string, () => unknown>>;
  /** Why this node should get no new work; undefined while it is ready. */
  unreadyReason(): string | undefined;
}

export interface AdminServer {
  readonly address: string;
  close(): void;
}

const COMMANDS_PATH = '/commands/';

/**
 * Health, readiness and metrics for operators and load balancers, and commands for who holds the token of `admin.tokenPath`.
 * @throws IrisError ADDRESS_IN_USE, CONFIG_INVALID when the token file cannot be read.
 */
export function startAdminServer(listen: AdminListener, parts: AdminServerParts): Promise<AdminServer> {
  const runner = new AdminCommandRunner(parts.commands, listen.tokenPath, parts.telemetry.log);
  const server = createServer({ requestTimeout: 5_000, headersTimeout: 5_000, maxHeaderSize: 8_192 }, (request, response) => {
    void answer(request, parts, runner).then(({ status, body }) => {
      const type = body.startsWith('{') ? 'application/json' : 'text/plain; charset=utf-8';
      // A body that was refused unread must not be taken for the next request.
      const connection = request.complete ? {} : { connection: 'close' };
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', ...connection }).end(body);
    });
  });
  server.maxConnections = 64;
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new IrisError('ADDRESS_IN_USE', `admin listener ${listen.host}:${listen.port} cannot be opened`, { cause })),
    );
    server.listen(listen.port, listen.host, () => resolve({ address: addressOf(server), close: () => closeNow(server) }));
  });
}

async function answer(request: IncomingMessage, parts: AdminServerParts, runner: AdminCommandRunner): Promise<AdminAnswer> {
  const path = (request.url ?? '').split('?')[0] as string;
  if (request.method === 'POST' && path.startsWith(COMMANDS_PATH)) return await runner.answer(path.slice(COMMANDS_PATH.length), request);
  request.resume();
  if (request.method !== 'GET')
    return { status: 405, body: `${request.method} is not allowed here: GET a page, POST ${COMMANDS_PATH}<name>\n` };
  return await pageOf(path, parts);
}

async function pageOf(path: string, parts: AdminServerParts): Promise<AdminAnswer> {
  switch (path) {
    case '/healthz':
      return { status: 200, body: 'ok\n' };
    case '/readyz': {
      const reason = parts.unreadyReason();
      return reason === undefined ? { status: 200, body: 'ready\n' } : { status: 503, body: `${reason}\n` };
    }
    case '/metrics':
      return { status: 200, body: parts.telemetry.render() };
  }
  const { pages } = parts;
  const name = path.slice(1);
  if (Object.hasOwn(pages, name)) return await jsonOf(pages[name] as () => unknown);
  const known = ['healthz', 'readyz', 'metrics', ...Object.keys(pages)].map((page) => `/${page}`);
  return { status: 404, body: `known paths: ${known.join(' ')}\n` };
}

async function jsonOf(page: () => unknown): Promise<AdminAnswer> {
  try {
    return { status: 200, body: `${JSON.stringify(await page())}\n` };
  } catch (error) {
    return { status: 503, body: `${errorLine(error)}\n` };
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
