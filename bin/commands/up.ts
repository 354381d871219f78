import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { loadEnvironment } from '../../environments/load-environment.ts';
import { ACCESS_OPTION } from '../../infra/local/engine-access.ts';
import { Fleet, type FleetOptions, type NodePrograms } from '../../infra/local/fleet.ts';
import { STATE_ROOT } from '../../infra/local/fleet-file.ts';
import { BASE_PORT_DEFAULT, type FleetLayout, layoutFleet } from '../../infra/local/fleet-layout.ts';
import { fleetShape } from '../../infra/local/fleet-shape.ts';
import { checkSameEngine, type LocalEngines } from '../../infra/local/local-engines.ts';
import { checkMachine, thisMachine } from '../../infra/local/machine-check.ts';
import { checkMigratedTo } from '../../infra/local/migration-file.ts';
import { smokeMessage } from '../../infra/local/smoke-message.ts';
import { buildRuntimeBundles } from '../../infra/package/runtime-bundle.ts';
import { createPlan } from '../../infra/plan/create-plan.ts';
import { nodeConfigsOf } from '../../infra/plan/node-configs.ts';
import type { Plan } from '../../infra/plan/plan.ts';
import { nodeFlags } from '../../runtime/contract/node-flags.ts';
import { type Command, type CommandIo, UsageError } from '../command.ts';
import {
  checkNamedRedis,
  ENGINE_OPTIONS,
  engineChoice,
  engineDirectory,
  engineStore,
  startEngines,
  startedEngines,
} from '../fleet-engines.ts';
import { renderEvent, renderFleet, renderReady, renderSmoke, renderTalk } from '../fleet-table.ts';
import { renderPlan } from '../plan-text.ts';
import { type ProgressTask, runTasks } from '../progress.ts';
import { redisChoice } from '../redis-flag.ts';

export const command: Command = {
  name: 'up',
  summary: 'Run an environment on this machine: every node its own process, restarted when it dies.',
  usage:
    'iris up <environment> [--state <dir>] [--base-port <n>] [--engine embedded|distributed] [--kafka <host:port,…>] [--cql <host:port,…>] [--redis <host:port>] [--access <file>] [--force] [--standby] [--tls] [--limits] [--shrink] [--regions <a,b>] [--synth <dir>] [--smoke] [--once] [--json]',
  options: [
    ['--state <dir>', `where stores, configs and logs are; default: ${STATE_ROOT}/<environment>`],
    ['--base-port <n>', `port of the first edge, the other nodes follow on 127.0.0.1; default: ${BASE_PORT_DEFAULT}`],
    [
      '--engine <kind>',
      'embedded: each core keeps its group in a folder; distributed: on Kafka and a CQL store, with a Redis for the edges, each started here unless it is named; default: embedded',
    ],
    ['--kafka <host:port,…>', 'brokers that run already'],
    ['--cql <host:port,…>', 'nodes of a CQL store that runs already'],
    ACCESS_OPTION,
    ['--force', 'start a migrated fleet on other servers than it was migrated to; what waited there is not here then'],
    ['--shrink', 'one edge and one shard group in each region, the group with all shards of its region'],
    ['--standby', 'two cores for each shard group on its one store: one owns it, the other takes over when that one dies'],
    [
      '--tls',
      'the edges speak TLS 1.3 only, with a certificate made for this run; iris send and listen of this machine find its authority',
    ],
    ['--limits', 'keep the environment’s rate limits; lifted otherwise, since all clients come from one address'],
    [
      '--redis <host:port>',
      'the edges tell this Redis who is connected; also cluster:<host:port,…> and sentinel:<host:port,…>; default: one started here with --engine distributed, else each knows its own clients',
    ],
    ['--regions <a,b>', 'only these regions, their shards numbered anew; default: all'],
    ['--synth <dir>', 'write the templates of the environment there first'],
    ['--smoke', 'once all run, send a message from the first region to a user of the last and print how long it took'],
    ['--once', 'like --smoke, then stop everything; exit code 0 when the message arrived'],
    ['--json', 'one line {"ready":true,"environment","nodes":[{"id","role","region","pid","listen"}]} when all run'],
  ],
  async run(args, io) {
    const flags = parse(args, io.cwd);
    const plan = createPlan(await loadEnvironment(flags.environment, io.cwd));
    const shape = fleetShape(plan, flags);
    const isDistributed = flags.choice.engine === 'distributed';
    const directory = engineDirectory(flags.choice, flags.redis);
    const layout = layoutFleet(shape, {
      stateDirectory: resolve(io.cwd, flags.state ?? join(STATE_ROOT, plan.environment)),
      ...(isDistributed && { store: await engineStore(plan.environment, flags.choice) }),
      basePort: flags.basePort,
      hasTls: flags.hasTls,
      keepsRateLimits: flags.keepsRateLimits,
      ...(directory === undefined ? {} : { directory }),
      documentsOf: (region) => nodeConfigsOf(plan, region),
    });
    checkMachine(layout, thisMachine(), startedEngines(flags.choice, flags.redis));
    if (!flags.json) io.result(`${renderPlan(plan)}\n`);
    if (plan.foundation === 'distributed' && !isDistributed)
      io.note('each core keeps log and inbox in its own folder; --engine distributed keeps them on Kafka and a CQL store');
    return await runFleet(layout, { flags, plan, io });
  },
};

type Flags = ReturnType<typeof parse>;

function parse(args: readonly string[], cwd: string) {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      state: { type: 'string' },
      'base-port': { type: 'string', default: String(BASE_PORT_DEFAULT) },
      ...ENGINE_OPTIONS,
      shrink: { type: 'boolean', default: false },
      standby: { type: 'boolean', default: false },
      tls: { type: 'boolean', default: false },
      limits: { type: 'boolean', default: false },
      redis: { type: 'string' },
      force: { type: 'boolean', default: false },
      regions: { type: 'string' },
      synth: { type: 'string' },
      smoke: { type: 'boolean', default: false },
      once: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const [environment, surplus] = positionals;
  if (environment === undefined || surplus !== undefined) throw new UsageError('iris up takes one environment; iris up --help explains');
  const choice = engineChoice(values, cwd);
  return {
    environment,
    state: values.state,
    basePort: portOf(values['base-port']),
    choice,
    isForced: values.force,
    isShrunk: values.shrink,
    hasStandbys: values.standby,
    hasTls: values.tls,
    keepsRateLimits: values.limits,
    redis: values.redis === undefined ? undefined : redisChoice(values.redis, choice.access.redis),
    ...(values.regions === undefined ? {} : { regions: values.regions.split(',').filter((code) => code !== '') }),
    synth: values.synth,
    smoke: values.smoke || values.once,
    once: values.once,
    json: values.json,
  };
}

function portOf(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new UsageError(`--base-port is '${text}', it must be 1 to 65535`);
  return port;
}

/** From the first step to the last exit; whatever happens in between, nothing is left running. */
async function runFleet(layout: FleetLayout, { flags, plan, io }: { flags: Flags; plan: Plan; io: CommandIo }): Promise<number> {
  let onStarted: FleetOptions['onStarted'] = () => undefined;
  const env: NodeJS.ProcessEnv = { ...io.env };
  const fleet = new Fleet(layout, {
    bundle: bundlePrograms,
    env,
    onStarted: (node, started) => onStarted(node, started),
    onEvent: (event) => io.note(renderEvent(event)),
    signal: io.signal,
  });
  let engines: LocalEngines | undefined;
  const started = startedEngines(flags.choice, flags.redis);
  const engineTask: ProgressTask = {
    title: started.length === 0 ? 'look for the engines' : `start ${started.join(', ')}`,
    run: async (say) => {
      const { environment, stateDirectory, slotMap } = layout;
      const groups = slotMap.regions.flatMap((region) => region.groups.map(({ id }) => id));
      const parts = { environment, stateDirectory, env: io.env, groups, startsRedis: started.includes('Redis'), say };
      const running = await startEngines(flags.choice, parts);
      engines = running.engines;
      Object.assign(env, running.variables);
    },
  };
  const redisTask: ProgressTask = {
    title: 'look for Redis',
    run: async () => flags.redis && (await checkNamedRedis(flags.redis)),
  };
  try {
    await runTasks(io, [
      { title: `take the state folder ${layout.stateDirectory}`, run: () => prepare(fleet, layout, flags) },
      ...(flags.redis === undefined ? [] : [redisTask]),
      ...(flags.choice.engine === 'distributed' ? [engineTask] : []),
      ...(flags.synth === undefined ? [] : [synthesisTask(plan, resolve(io.cwd, flags.synth), io)]),
      { title: 'bundle edge and core', run: () => fleet.bundle() },
      {
        title: `start ${layout.nodes.length} nodes`,
        run: async (say) => {
          onStarted = (node, started) => say(`${started} of ${layout.nodes.length}: ${node.id} is ready`);
          await fleet.start();
          if (io.signal.aborted) say('interrupted');
        },
      },
    ]);
    const isDone = !io.signal.aborted && (await serve(fleet, layout, { ...flags, io }));
    if (flags.once && !isDone) io.note('interrupted before the message arrived');
    return flags.once && !isDone ? 1 : 0;
  } finally {
    const running = fleet.nodes.filter((node) => node.process.pid > 0).length;
    if (running > 0) io.note(`stopping ${running} nodes`);
    await fleet.stop();
    if (engines !== undefined && started.length > 0) io.note(`stopping ${started.join(', ')}`);
    await engines?.stop();
  }
}

async function prepare(fleet: Fleet, { stateDirectory }: FleetLayout, { choice, isForced }: Flags): Promise<void> {
  await fleet.prepare();
  checkSameEngine(stateDirectory, choice.engine);
  if (choice.engine === 'distributed' && !isForced)
    checkMigratedTo(stateDirectory, { kafka: choice.kafka?.slice(), cql: choice.cql?.slice() });
}

/** CDK is loaded only where templates are wanted. */
function synthesisTask(plan: Plan, outDir: string, io: CommandIo): ProgressTask {
  return {
    title: `synthesize templates into ${outDir}`,
    run: async (say) => {
      const [{ createAwsApp }, { synthesize }, { buildNodePackage }] = await Promise.all([
        import('../../infra/apps/aws-app.ts'),
        import('../../infra/apps/synthesize.ts'),
        import('../../infra/package/node-package.ts'),
      ]);
      const nodePackage = await buildNodePackage({ onProgress: say, signal: io.signal });
      const { templates } = await synthesize(createAwsApp({ outDir, validate: false }), { plan, nodePackage });
      say(`${templates.length} stacks`);
    },
  };
}

/**
 * True when the smoke message of --once arrived, false on Ctrl-C.
 * @throws IrisError when the message does not arrive or a node keeps dying.
 */
async function serve(fleet: Fleet, layout: FleetLayout, flags: Flags & { io: CommandIo }): Promise<boolean> {
  const { io, json } = flags;
  io.result(json ? renderReady(layout.environment, fleet.nodes) : renderFleet(fleet.nodes));
  const end = await Promise.race([talk(fleet, layout, flags), fleet.failed, interrupted(io.signal)]);
  if (typeof end !== 'boolean') throw end;
  return end;
}

/** Resolves only with --once: a fleet that stays up ends by another cause. */
async function talk(fleet: Fleet, layout: FleetLayout, { io, json, smoke, once }: Flags & { io: CommandIo }): Promise<boolean> {
  const say = json ? io.note : io.result;
  if (smoke) say(renderSmoke(await smokeMessage(layout, io.signal)));
  if (once) return true;
  if (!json) say(renderTalk(fleet.nodes, layout.tls?.authorityPath));
  return await new Promise<boolean>(() => undefined);
}

async function bundlePrograms(outDir: string): Promise<NodePrograms> {
  const { entries } = await buildRuntimeBundles({ outDir });
  const program = (role: 'edge' | 'core') => ({
    command: process.execPath,
    args: [...nodeFlags(role, process.versions.v8), entries[role]],
  });
  return { edge: program('edge'), core: program('core') };
}

async function interrupted(signal: AbortSignal): Promise<false> {
  if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  return false;
}
