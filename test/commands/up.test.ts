import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { identityOf, isRunning } from '../../infra/local/process-identity.ts';
import { freePortRow } from '../infra/local/free-port-row.ts';
import { type IrisOptions, type IrisProcess, pretend, runIris, startIris, temporaryFolder, writeDuo } from './run-iris.ts';

interface ReadyLine {
  readonly ready: boolean;
  readonly environment: string;
  readonly nodes: readonly {
    readonly id: string;
    readonly role: string;
    readonly pid: number;
    readonly listen: { readonly tcp?: string; readonly link?: string; readonly admin: string };
  }[];
}

interface Up extends IrisProcess {
  readonly ready: ReadyLine;
}

const started: IrisProcess[] = [];
afterEach(async () => {
  for (const up of started.splice(0)) {
    up.child.kill('SIGTERM');
    await up.ended;
  }
});

async function up(folder: string, flags: readonly string[] = [], options: IrisOptions = {}): Promise<Up> {
  const environment = writeDuo(folder);
  const args = ['up', environment, '--json', '--base-port', String(await freePortRow()), ...flags];
  const run = startIris(args, { cwd: folder, ...options });
  started.push(run);
  const ready: ReadyLine = JSON.parse(await run.line('stdout', /^\{"ready":true/));
  return { ...run, ready };
}

/** Ends when none of the processes runs any more, however they take note. */
async function allGone(pids: readonly number[]): Promise<void> {
  const identities = pids.map(identityOf);
  while (identities.some(isRunning)) await new Promise((resolve) => setImmediate(resolve));
}

function pidOf({ ready }: Up, id: string): number {
  return ready.nodes.find((node) => node.id === id)?.pid ?? 0;
}

function edgeOf({ ready }: Up, id: string): string {
  return ready.nodes.find((node) => node.id === id)?.listen.tcp ?? '';
}

describe('iris up', () => {
  it('prints one line when all nodes run, and drains them on SIGTERM with exit code 0', async () => {
    const folder = temporaryFolder();
    const fleet = await up(folder);
    expect(fleet.ready).toMatchObject({ ready: true, environment: 'duo' });
    expect(fleet.ready.nodes.map(({ id, role, listen }) => [id, role, Object.keys(listen)])).toEqual([
      ['north-edge-0', 'edge', ['tcp', 'admin']],
      ['south-edge-0', 'edge', ['tcp', 'admin']],
      ['north-g0-a', 'core', ['link', 'admin']],
      ['south-g0-a', 'core', ['link', 'admin']],
    ]);
    const pids = fleet.ready.nodes.map(({ pid }) => pid);
    expect(pids.map(identityOf).filter(isRunning)).toHaveLength(4);
    fleet.child.kill('SIGTERM');
    const { code, stdout } = await fleet.ended;
    expect([code, stdout.split('\n').length]).toEqual([0, 1]);
    expect(pids.map(identityOf).filter(isRunning)).toEqual([]);
    expect(readdirSync(join(folder, '.iris', 'duo')).toSorted()).toEqual([
      'bundle',
      'held-regions.json',
      'logs',
      'nodes',
      'slot-map.json',
      'store',
    ]);
  });

  it('starts a killed core again with its state and says so: the message that it held arrives (L1)', async () => {
    const folder = temporaryFolder();
    const fleet = await up(folder);
    const sent = await runIris(['send', '--as', 'alice', '--to', 'bob', '--json', 'kept'], { cwd: folder });
    expect(JSON.parse(sent.stdout)).toMatchObject({ from: 'alice', to: 'bob', durability: 'D2' });
    const back = [fleet.line('stderr', /^north-g0-a is back as process \d+/), fleet.line('stderr', /^south-g0-a is back/)];
    for (const id of ['north-g0-a', 'south-g0-a']) process.kill(pidOf(fleet, id), 'SIGKILL');
    expect(await fleet.line('stderr', /g0-a ended with SIGKILL/)).toMatch(/restarting with its state in 100 ms$/);
    await Promise.all(back);
    const { code, stdout } = await runIris(['listen', '--as', 'bob', '--count', '1', '--json'], { cwd: folder });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ from: 'alice', to: 'bob', text: 'kept' });
  });

  it('refuses a second start on the same state folder and names the first by its pid', async () => {
    const folder = temporaryFolder();
    const fleet = await up(folder);
    const second = await runIris(['up', writeDuo(folder), '--json'], { cwd: folder });
    expect(second).toMatchObject({ code: 1, stdout: '' });
    expect(second.stderr.match(/runs a fleet on/g)).toHaveLength(1);
    expect(second.stderr.split('\n').at(-1)).toMatch(
      new RegExp(`^iris: STATE_IN_USE: process ${fleet.child.pid} runs a fleet on .*--state$`),
    );
  });

  it('leaves nothing running when the supervisor is killed with -9, and resumes on the same state', async () => {
    const folder = temporaryFolder();
    const first = await up(folder);
    await runIris(['send', '--as', 'alice', '--to', 'bob', '--at', edgeOf(first, 'north-edge-0'), 'before the crash'], { cwd: folder });
    first.child.kill('SIGKILL');
    await first.ended;
    await allGone(first.ready.nodes.map(({ pid }) => pid));
    expect(existsSync(join(folder, '.iris', 'duo', 'lock.json'))).toBe(true);
    const second = await up(folder);
    const { stdout } = await runIris(['listen', '--as', 'bob', '--count', '1', '--at', edgeOf(second, 'south-edge-0')], { cwd: folder });
    expect(stdout).toMatch(/alice: before the crash$/);
  });

  it('leaves nothing running when the launcher on an older Node is killed with -9', async () => {
    const fleet = await up(temporaryFolder(), [], { nodeArgs: pretend('20.20.2', process.arch) });
    fleet.child.kill('SIGKILL');
    await allGone(fleet.ready.nodes.map(({ pid }) => pid));
    const { stderr } = await fleet.ended;
    expect(stderr).toMatch(/^stopping 4 nodes$/m);
  });

  it('ends with 0 after the smoke message with --once, and leaves nothing running', async () => {
    const folder = temporaryFolder();
    const run = await runIris(['up', writeDuo(folder), '--once', '--base-port', String(await freePortRow())], { cwd: folder });
    expect(run.stdout).toMatch(/"hello from north to south", acknowledged D2 after [\d.]+ ms, read after [\d.]+ ms$/);
    expect(run.code).toBe(0);
    const nodes = readdirSync(join(folder, '.iris', 'duo', 'nodes'));
    expect(nodes).toHaveLength(4);
    const config: unknown = JSON.parse(readFileSync(join(folder, '.iris', 'duo', 'nodes', nodes[0] ?? ''), 'utf8'));
    expect(config).toMatchObject({ format: 'iris-node/1', local: true });
  });

  it('fails with TOO_LARGE_FOR_MACHINE and the numbers on planet, before anything is written', async () => {
    const folder = temporaryFolder();
    const { code, stdout, stderr } = await runIris(['up', 'planet', '--json'], { cwd: folder });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^iris: TOO_LARGE_FOR_MACHINE: planet has \d+ nodes and needs \d+ MiB of memory, .*--shrink/);
    expect(existsSync(join(folder, '.iris'))).toBe(false);
  });
});

describe('iris send and iris listen', () => {
  it('refuse with CONNECTION_FAILED and what to do where no fleet runs', async () => {
    const folder = temporaryFolder();
    for (const args of [
      ['send', '--as', 'alice', '--to', 'bob', 'hello'],
      ['listen', '--as', 'bob'],
    ]) {
      const { code, stderr } = await runIris(args, { cwd: folder });
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /^iris: CONNECTION_FAILED: no fleet runs in .*; start one with iris up <environment>, or name an edge with --at host:port$/,
      );
    }
  });

  it('refuse to guess where two fleets run, and take the one that --state names', async () => {
    const folder = temporaryFolder();
    await up(folder);
    await up(folder, ['--state', '.iris/other']);
    const args = ['send', '--as', 'alice', '--to', 'bob', 'hello'];
    expect(await runIris(args, { cwd: folder })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/2 fleets run here: .*; choose one with --state$/),
    });
    expect(await runIris([...args, '--state', '.iris/other'], { cwd: folder })).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^acknowledged: alice to bob, D2 \(survives power loss\), [\d.]+ ms, by north at 127\.0\.0\.1:\d+$/),
    });
  });
});
