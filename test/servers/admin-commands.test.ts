import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AdminAccess } from '../../infra/local/admin-access.ts';
import { createPinoTelemetry } from '../../runtime/adapters/telemetry-pino.ts';
import { IrisError } from '../../runtime/contract/errors.ts';
import { type AdminServer, startAdminServer } from '../../runtime/servers/admin-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'iris-admin-'));
const tokenPath = join(folder, 'token');
const token = 'f'.repeat(64);
const heard: unknown[] = [];
let server: AdminServer;

const commands = {
  echo: (input: unknown) => {
    heard.push(input);
    return { input };
  },
  refuse: () => {
    throw new IrisError('OVERLOADED', 'not "now"');
  },
};

function start(path?: string): Promise<AdminServer> {
  const telemetry = { ...createPinoTelemetry({}), log: { info() {}, warn() {}, error() {} } };
  const listen = { host: '127.0.0.1', port: 0, ...(path === undefined ? {} : { tokenPath: path }) };
  return startAdminServer(listen, { telemetry, commands, pages: { ownership: () => ({ shards: 4 }) }, unreadyReason: () => undefined });
}

beforeAll(async () => {
  writeFileSync(tokenPath, `${token}\n`, { mode: 0o600 });
  server = await start(tokenPath);
});
beforeEach(() => heard.splice(0));
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

function post(
  path: string,
  body: string,
  headers: Record<string, string> = { authorization: `Bearer ${token}` },
  address = server.address,
) {
  const [host, port] = address.split(':');
  return new Promise<{ status: number; body: string }>((resolve, reject) => {
    const sent = request({ host, port, path, method: 'POST', headers, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

describe('admin commands', () => {
  it('run with the token, get the body’s JSON and answer JSON', async () => {
    expect(await post('/commands/echo', '{"a":1}')).toEqual({ status: 200, body: '{"input":{"a":1}}\n' });
    expect(heard).toEqual([{ a: 1 }]);
  });

  it.each([
    ['no token', {}],
    ['a wrong token', { authorization: `Bearer ${'e'.repeat(64)}` }],
    ['a token that is the start of the right one', { authorization: `Bearer ${token.slice(1)}` }],
    ['another scheme', { authorization: `Basic ${token}` }],
  ])('refuse %s with 401 and run nothing (A22)', async (_what, headers) => {
    expect((await post('/commands/echo', '{}', headers as Record<string, string>)).status).toBe(401);
    expect(heard).toEqual([]);
  });

  it('are off without a token file, with the reason', async () => {
    const open = await start();
    expect(await post('/commands/echo', '{}', undefined, open.address)).toMatchObject({
      status: 403,
      body: expect.stringMatching(/admin\.tokenPath/),
    });
    open.close();
    expect(heard).toEqual([]);
  });

  it('fail at start on a token file that is missing or holds too little (L12)', () => {
    writeFileSync(join(folder, 'short'), 'abc');
    expect(() => start(join(folder, 'short'))).toThrow(/shorter than 32 bytes/);
    expect(() => start(join(folder, 'missing'))).toThrow(/cannot be read/);
  });

  it('refuse a body of more than 64 KiB and one that is no JSON, by a code (L7, A21)', async () => {
    expect(await post('/commands/echo', `"${'x'.repeat(65_536)}"`)).toMatchObject({
      status: 400,
      body: expect.stringMatching(/COMMAND_INVALID.*65536/),
    });
    expect(await post('/commands/echo', '{')).toMatchObject({ status: 400, body: expect.stringMatching(/COMMAND_INVALID.*not JSON/) });
    expect(heard).toEqual([]);
  });

  it('name those that there are where one is unknown, a built-in property included', async () => {
    for (const name of ['drop', 'toString', '__proto__'])
      expect(await post(`/commands/${name}`, '{}')).toMatchObject({ status: 404, body: expect.stringMatching(/there are: echo, refuse/) });
  });

  it('are reached by AdminAccess, which tells the node’s own refusal; pages need no token', async () => {
    const access = AdminAccess.ofNode(server.address, tokenPath);
    const [target] = access.targets;
    if (target === undefined) throw new Error('no target');
    expect(await access.command(target, 'echo', [1])).toEqual({ input: [1] });
    expect(await access.page(target, 'ownership')).toEqual({ shards: 4 });
    await expect(access.command(target, 'refuse')).rejects.toThrow(/answered 503: OVERLOADED: not "now"/);
  });
});
