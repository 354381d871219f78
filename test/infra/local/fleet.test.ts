import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Fleet, type FleetOptions } from '../../../infra/local/fleet.ts';
import { findRunningFleet, leftOverProcesses } from '../../../infra/local/fleet-file.ts';
import type { FleetLayout } from '../../../infra/local/fleet-layout.ts';
import { identityOf, isRunning } from '../../../infra/local/process-identity.ts';
import type { NodeEvent } from '../../../infra/local/supervised-node.ts';
import { freePortRow } from './free-port-row.ts';
import { proofLayout, temporaryFolder } from './proof-layout.ts';

const fakeNode = { command: process.execPath, args: [join(__dirname, 'fake-node.ts')] };
const policy = { firstMs: 10, lastMs: 40, quickDeathMs: 10_000, quickDeathsMax: 3, stopTimeoutMs: 10_000 };

interface Started {
  readonly fleet: Fleet;
  readonly layout: FleetLayout;
  readonly events: NodeEvent[];
  /** Resolves with the next event of that kind. */
  readonly next: (kind: NodeEvent['kind']) => Promise<NodeEvent>;
}

const running: Fleet[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((fleet) => fleet.stop()));
});

async function open(options: Partial<FleetOptions> & { stateDirectory?: string; behaviour?: string } = {}): Promise<Started> {
  const { stateDirectory = temporaryFolder(), behaviour = '', ...rest } = options;
  const layout = proofLayout({ stateDirectory, basePort: await freePortRow(), regions: ['tokyo'], isShrunk: true });
  const events: NodeEvent[] = [];
  const waiting: ((event: NodeEvent) => void)[] = [];
  const fleet = new Fleet(layout, {
    bundle: async () => ({ edge: fakeNode, core: fakeNode }),
    env: { ...process.env, FAKE_NODE: behaviour },
    policy,
    onStarted: () => undefined,
    onEvent: (event) => {
      events.push(event);
      for (const tell of waiting) tell(event);
    },
    signal: new AbortController().signal,
    ...rest,
  });
  running.push(fleet);
  const next = (kind: NodeEvent['kind']): Promise<NodeEvent> =>
    new Promise((resolve) => waiting.push((event) => event.kind === kind && resolve(event)));
  await fleet.prepare();
  await fleet.bundle();
  return { fleet, layout, events, next };
}

function pids(fleet: Fleet): number[] {
  return fleet.nodes.map(({ process: { pid } }) => pid);
}

describe('a local fleet', () => {
  it('starts cores before edges and tells where they are', async () => {
    const order: string[] = [];
    const { fleet, layout } = await open({ onStarted: ({ role }) => order.push(role) });
    await fleet.start();
    expect(order).toEqual(['core', 'edge']);
    const found = findRunningFleet('/', layout.stateDirectory);
    expect(found.fleet.nodes.map(({ id, listen }) => [id, listen.tcp ?? listen.link])).toEqual(
      layout.nodes.map(({ id, port }) => [id, `127.0.0.1:${port}`]),
    );
  });

  it('starts a killed node again, says so, and remembers the new process', async () => {
    const { fleet, layout, next } = await open();
    await fleet.start();
    const [before] = pids(fleet);
    const [died, restarted] = [next('died'), next('restarted')];
    process.kill(before ?? 0, 'SIGKILL');
    expect(await died).toMatchObject({ reason: expect.stringMatching(/tokyo-edge-0 ended with SIGKILL/), restartInMs: 10 });
    expect(await restarted).toMatchObject({ node: { id: 'tokyo-edge-0' } });
    expect(pids(fleet)[0]).not.toBe(before);
    expect(readFileSync(join(layout.stateDirectory, 'fleet.json'), 'utf8')).toContain(`"pid": ${pids(fleet)[0]}`);
  });

  it('gives a node up with NODE_FAILED after too many quick deaths, each pause twice the one before', async () => {
    const { fleet, events } = await open({ behaviour: 'dies' });
    await fleet.start();
    const reason = await fleet.failed;
    expect(reason).toMatchObject({
      code: 'NODE_FAILED',
      message: expect.stringMatching(/exit code 3 .*given up after 3 deaths within 10000 ms/),
    });
    const pauses = events.flatMap((event) =>
      event.kind === 'died' && reason.message.startsWith(event.node.id) ? [event.restartInMs] : [],
    );
    expect(pauses).toEqual([10, 20]);
  });

  it('fails with the node’s last words when one does not come up, and leaves nothing running', async () => {
    const { fleet, layout } = await open({ behaviour: 'refuses' });
    await expect(fleet.start()).rejects.toThrow(
      /tokyo-g0-a ended with exit code 1 after \d+ ms: port 1 is taken; its log is .*tokyo-g0-a.log/,
    );
    expect(existsSync(join(layout.stateDirectory, 'lock.json'))).toBe(false);
  });

  it('starts a core again whose lease runs out before its first ready line, says so, and gives it up like any other (F22)', async () => {
    const { fleet, events } = await open({ behaviour: 'lease-runs-out' });
    await fleet.start();
    expect(events).toMatchObject([
      {
        kind: 'died',
        reason: expect.stringMatching(/tokyo-g0-a ended with exit code 1 .*OWNERSHIP_LOST: the lease ran out/),
        restartInMs: 10,
      },
      { kind: 'restarted', node: { id: 'tokyo-g0-a' } },
    ]);
    expect(pids(fleet).every((pid) => pid > 0)).toBe(true);
    const hopeless = await open({ behaviour: 'lease-never' });
    await expect(hopeless.fleet.start()).rejects.toThrow(/OWNERSHIP_LOST/);
    expect(hopeless.events.filter(({ kind }) => kind === 'died')).toHaveLength(policy.quickDeathsMax - 1);
  });

  it('fails when a node is not ready in time', async () => {
    const silent = { command: process.execPath, args: ['-e', 'setInterval(() => {}, 1000)', '--'] };
    const { fleet } = await open({
      bundle: async () => ({ edge: silent, core: silent }),
      readyTimeoutMs: 200,
      policy: { ...policy, stopTimeoutMs: 50 },
    });
    await expect(fleet.start()).rejects.toThrow(/was not ready within 200 ms/);
  });

  it('kills a node that does not drain, and says so', async () => {
    const { fleet, events } = await open({ behaviour: 'hangs', policy: { ...policy, stopTimeoutMs: 200 } });
    await fleet.start();
    const before = fleet.nodes.map(({ process: identity }) => identity);
    await fleet.stop();
    expect(before.filter(isRunning)).toEqual([]);
    expect(events.map(({ kind }) => kind)).toEqual(['killed', 'killed']);
  });

  it('stops early when the start is interrupted', async () => {
    const interrupted = new AbortController();
    const { fleet, layout } = await open({ onStarted: () => interrupted.abort(), signal: interrupted.signal });
    await fleet.start();
    expect(leftOverProcesses(layout.stateDirectory)).toEqual([]);
    expect(existsSync(join(layout.stateDirectory, 'lock.json'))).toBe(false);
  });

  it('goes with its supervisor: a node leaves when its pipe closes', async () => {
    const { layout } = await open();
    const [node] = layout.nodes;
    const child = spawn(fakeNode.command, [...fakeNode.args, node?.configPath ?? ''], { env: { ...process.env, IRIS_PARENT_PIPE: '1' } });
    await once(child.stdout, 'data');
    child.stdin.end();
    expect(await once(child, 'exit')).toEqual([0, null]);
  });
});

describe('preparing a state folder', () => {
  it('fails with ADDRESS_IN_USE, the port, its node and the remedy', async () => {
    const layout = proofLayout({ stateDirectory: temporaryFolder(), basePort: await freePortRow(), regions: ['tokyo'], isShrunk: true });
    const squatter = createServer().listen(layout.nodes[1]?.port, '127.0.0.1');
    await once(squatter, 'listening');
    const fleet = new Fleet(layout, { ...idleOptions() });
    await expect(fleet.prepare()).rejects.toMatchObject({
      code: 'ADDRESS_IN_USE',
      message: `port ${layout.nodes[1]?.port} of tokyo-g0-a is taken on 127.0.0.1; choose another row with --base-port N`,
    });
    squatter.close();
  });

  it('fails with CONFIG_INVALID when the stores belong to a fleet of other shards', async () => {
    const stateDirectory = temporaryFolder();
    const { fleet } = await open({ stateDirectory });
    mkdirSync(join(stateDirectory, 'store'));
    await fleet.stop();
    const other = proofLayout({ stateDirectory, basePort: await freePortRow() });
    await expect(new Fleet(other, idleOptions()).prepare()).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('resumes on the same state after everything was killed', async () => {
    const stateDirectory = temporaryFolder();
    const { fleet } = await open({ stateDirectory });
    mkdirSync(join(stateDirectory, 'store'));
    await fleet.stop();
    const { fleet: second } = await open({ stateDirectory });
    await second.start();
    expect(second.nodes.map(({ process: { pid } }) => isRunning(identityOf(pid)))).toEqual([true, true]);
  });
});

function idleOptions(): FleetOptions {
  return {
    bundle: async () => ({ edge: fakeNode, core: fakeNode }),
    env: {},
    onStarted: () => undefined,
    onEvent: () => undefined,
    signal: new AbortController().signal,
  };
}
