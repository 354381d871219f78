import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { proof } from '../../../environments/proof.ts';
import type { Assembly } from '../../../infra/apps/synthesize.ts';
import { buildRuntimeBundles, type RuntimeBundle } from '../../../infra/package/runtime-bundle.ts';
import { createPlan } from '../../../infra/plan/create-plan.ts';
import { synthesizeEnvironment, temporaryFolder } from './synthesize-fixture.ts';

const iris = join(import.meta.dirname, '..', '..', '..', 'bin', 'iris.js');
const loopback = '127.0.0.1';

/** Ports that were free a moment ago. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, loopback);
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

describe('assembly to node to message', () => {
  const nodes: ChildProcess[] = [];
  let assembly: Assembly;
  let bundle: RuntimeBundle;
  let folder: string;

  beforeAll(async () => {
    folder = temporaryFolder();
    assembly = await synthesizeEnvironment(proof);
    bundle = await buildRuntimeBundles({ outDir: join(folder, 'bundle') });
  });

  afterAll(async () => {
    const ends = nodes.filter((node) => node.exitCode === null).map((node) => once(node, 'exit'));
    for (const node of nodes) node.kill('SIGTERM');
    await Promise.all(ends);
  });

  /** Starts the bundle on a document of the assembly, with this machine's addresses laid over it; resolves with its ready line. */
  async function startNode(role: 'edge' | 'core', region: string, overlay: object): Promise<{ listen: Record<string, string> }> {
    const { path } = assembly.nodeConfigs.find((config) => config.region === region && config.role === role)!;
    const home = join(folder, `${region}-${role}`);
    mkdirSync(home);
    const machine = {
      local: true,
      slotMapPath: join(assembly.directory, assembly.slotMap.path),
      slotMap: null,
      admin: { host: loopback, port: 0 },
    };
    writeFileSync(join(home, 'overlay.json'), JSON.stringify({ ...machine, ...overlay }));
    const args = [bundle.entries[role], join(assembly.directory, path), '--overlay', join(home, 'overlay.json')];
    const env = { ...process.env, IRIS_NODE: `${role}-i-${region}`, IRIS_GROUP: `${region}-g0` };
    const node = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    nodes.push(node);
    let said = '';
    node.stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-2_000);
    });
    const line = await Promise.race([once(createInterface(node.stdout), 'line'), once(node, 'exit')]);
    assert.equal(typeof line[0], 'string', `${role} of ${region} ended: ${said}`);
    return JSON.parse(line[0] as string);
  }

  it('delivers a message across regions through nodes that know nothing but the documents of the templates (L12)', async () => {
    const { regions } = createPlan(proof);
    const ports = await freePorts(regions.length);
    const addresses = Object.fromEntries(regions.map(({ groups }, index) => [groups[0]!.address, `${loopback}:${ports[index]}`]));
    for (const [index, { code }] of regions.entries()) {
      const store = { directory: join(folder, `${code}-store`) };
      const ready = await startNode('core', code, { addresses, store, link: { host: loopback, port: ports[index] } });
      assert.equal(ready.listen['link'], `${loopback}:${ports[index]}`);
    }
    const open = {
      addresses,
      client: { host: loopback, port: 0 },
      authentication: { kind: 'none', issuer: null, audience: null, keysPath: null },
    };
    const [tokyo, bangalore] = [await startNode('edge', 'tokyo', open), await startNode('edge', 'bangalore', open)];
    const listen = spawn(process.execPath, [iris, 'listen', '--as', 'bob', '--count', '1', '--json', '--at', bangalore.listen['client']!]);
    nodes.push(listen);
    const heard = once(createInterface(listen.stdout), 'line');
    const sent = spawnSync(
      process.execPath,
      [iris, 'send', '--as', 'alice', '--to', 'bob', '--at', tokyo.listen['client']!, 'from a template'],
      { encoding: 'utf8' },
    );
    assert.equal(sent.status, 0, sent.stderr);
    const [message] = await heard;
    assert.match(String(message), /alice/);
    assert.match(String(message), /from a template/);
  });
});
