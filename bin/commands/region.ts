import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { AdminAccess } from '../../infra/local/admin-access.ts';
import { findRunningFleet, type RunningFleet } from '../../infra/local/fleet-file.ts';
import { holdRegions, readHeldRegions } from '../../infra/local/held-regions.ts';
import { isRunning } from '../../infra/local/process-identity.ts';
import { IrisError } from '../../runtime/contract/errors.ts';
import { type Command, type CommandIo, UsageError } from '../command.ts';

/** Milliseconds between two looks at the processes, and until the command gives up. */
const LOOK_MS = 200;
const TIMEOUT_MS = 60_000;

export const command: Command = {
  name: 'region',
  summary: 'Stop all nodes of one region of a running local fleet, and start them again: to rehearse its loss.',
  usage: 'iris region <stop | start> <region> [--kill] [--state <dir>]',
  options: [
    ['--kill', 'with stop: kill -9 instead of draining'],
    ['--state <dir>', 'the state folder of the fleet, where several run; default: .iris/*'],
  ],
  async run(args, io) {
    const { action, region, isKill, state } = parse(args);
    const running = findRunningFleet(io.cwd, state === undefined ? undefined : resolve(io.cwd, state));
    const { stateDirectory } = running;
    const nodes = running.fleet.nodes.filter((node) => node.region === region);
    if (nodes.length === 0) throw new IrisError('ENVIRONMENT_INVALID', `no node of this fleet is in ${region}`);
    const { [region]: _before, ...others } = readHeldRegions(stateDirectory);
    holdRegions(stateDirectory, action === 'start' ? others : { ...others, [region]: isKill ? 'SIGKILL' : 'SIGTERM' });
    await until(io, action === 'start' ? () => isUp(running, region) : () => Promise.resolve(isDown(running, region)));
    io.result(`${region} is ${action === 'start' ? 'up' : 'down'}: ${nodes.map(({ id }) => id).join(', ')}`);
    return 0;
  },
};

function parse(args: readonly string[]) {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { kill: { type: 'boolean', default: false }, state: { type: 'string' } },
  });
  const [action, region, surplus] = positionals;
  if ((action !== 'stop' && action !== 'start') || region === undefined || surplus !== undefined)
    throw new UsageError('iris region takes stop or start, and one region');
  if (values.kill && action === 'start') throw new UsageError('--kill goes with iris region stop');
  return { action, region, isKill: values.kill, state: values.state };
}

function isDown({ stateDirectory }: RunningFleet, region: string): boolean {
  const { fleet } = findRunningFleet(stateDirectory, stateDirectory);
  return fleet.nodes.every((node) => node.region !== region || node.process.pid === 0 || !isRunning(node.process));
}

/** Every node answers as one that gets work, or stands by. */
async function isUp({ stateDirectory }: RunningFleet, region: string): Promise<boolean> {
  const access = AdminAccess.ofFleet(findRunningFleet(stateDirectory, stateDirectory));
  const states = await Promise.all(access.targets.filter((node) => node.region === region).map((node) => access.readiness(node)));
  return states.every((state) => state === 'ready' || state.startsWith('standby'));
}

/** @throws IrisError TIMED_OUT */
async function until(io: CommandIo, holds: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + TIMEOUT_MS;
  while (!(await holds())) {
    if (io.signal.aborted || performance.now() > endMs)
      throw new IrisError('TIMED_OUT', 'not all nodes of the region have followed; iris up says why');
    await delay(LOOK_MS);
  }
}
