import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { loadEnvironment } from '../../environments/load-environment.ts';
import { ACCESS_OPTION } from '../../infra/local/engine-access.ts';
import { EMBEDDED_FOLDER } from '../../infra/local/engine-folders.ts';
import { STATE_ROOT } from '../../infra/local/fleet-file.ts';
import { storeAt } from '../../infra/local/fleet-layout.ts';
import type { LocalEngines } from '../../infra/local/local-engines.ts';
import { beginMigration, endMigration, MIGRATED_FOLDER, noteGroup } from '../../infra/local/migration-file.ts';
import { readPublishedMap } from '../../infra/local/published-map.ts';
import { takeState } from '../../infra/local/state-folder.ts';
import { createPlan } from '../../infra/plan/create-plan.ts';
import { nodeConfigsOf } from '../../infra/plan/node-configs.ts';
import type { Plan } from '../../infra/plan/plan.ts';
import { IrisError } from '../../runtime/contract/errors.ts';
import { type DistributedStoreConfig, resolveStore, storeConfig } from '../../runtime/contract/store-config.ts';
import type { Telemetry } from '../../runtime/ports/telemetry.ts';
import type { CopyProgress } from '../../runtime/servers/store-copy.ts';
import { type Command, type CommandIo, UsageError } from '../command.ts';
import { type EngineChoice, engineChoice, engineStore, startEngines } from '../fleet-engines.ts';
import { runTasks } from '../progress.ts';

export const command: Command = {
  name: 'migrate',
  summary: 'Move what a fleet on this machine keeps from the folders of its cores to Kafka and a CQL store.',
  usage:
    'iris migrate <environment> --to distributed [--state <dir>] [--kafka <host:port,…>] [--cql <host:port,…>] [--access <file>] [--force] [--json]',
  options: [
    ['--to <engine>', 'distributed'],
    ['--state <dir>', `of the fleet, which is stopped; default: ${STATE_ROOT}/<environment>`],
    ['--kafka <host:port,…>', 'brokers that run already; default: one is started here, with its data in the state folder'],
    ['--cql <host:port,…>', 'nodes of a CQL store that runs already; default: the same'],
    ACCESS_OPTION,
    ['--force', 'copy everything anew to servers other than those that it was migrated to before'],
    ['--json', 'one line {"environment","state","groups":[{"group","inboxes","envelopes","bytes","marks"}]} at the end'],
  ],
  async run(args, io) {
    const flags = parse(args, io.cwd);
    const plan = createPlan(await loadEnvironment(flags.environment, io.cwd));
    const state = resolve(io.cwd, flags.state ?? join(STATE_ROOT, plan.environment));
    if (!existsSync(state)) throw new IrisError('CONFIG_INVALID', `${state} has no stores of a fleet; name its folder with --state`);
    const lock = await takeState(state);
    try {
      const groups = await migrate(plan, { state, choice: flags.choice, isForced: flags.isForced, io });
      io.result(flags.json ? JSON.stringify({ environment: plan.environment, state, groups }) : textOf(groups, state, flags));
      return 0;
    } catch (error) {
      if (!io.signal.aborted) throw error;
      io.note('interrupted; the same command goes on where it stopped');
      return 1;
    } finally {
      lock.release();
    }
  },
};

/** What a group’s copy came to; a group without figures was copied by a run before. */
type MigratedGroup = { readonly group: string } & Partial<CopyProgress>;

function parse(args: readonly string[], cwd: string) {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      to: { type: 'string' },
      state: { type: 'string' },
      kafka: { type: 'string' },
      cql: { type: 'string' },
      access: { type: 'string' },
      force: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const [environment, surplus] = positionals;
  if (environment === undefined || surplus !== undefined) throw new UsageError('iris migrate takes one environment');
  if (values.to !== 'distributed')
    throw new UsageError('iris migrate needs --to distributed: a fleet is moved from embedded, there is no other way');
  return {
    environment,
    state: values.state,
    json: values.json,
    isForced: values.force,
    access: values.access,
    // The file that `iris up` takes speaks of Redis too.
    choice: engineChoice({ ...values, engine: 'distributed' }, cwd, ['kafka', 'cql']),
  };
}

interface MigrationParts {
  readonly state: string;
  readonly choice: EngineChoice;
  readonly isForced: boolean;
  readonly io: CommandIo;
}

async function migrate(plan: Plan, { state, choice, isForced, io }: MigrationParts): Promise<MigratedGroup[]> {
  const groups = groupsOf(plan, state);
  let migration = beginMigration(state, { kafka: choice.kafka?.slice(), cql: choice.cql?.slice() }, isForced);
  let engines: LocalEngines | undefined;
  let variables: Record<string, string> = {};
  const start = async (say: (text: string) => void) => {
    const started = await startEngines(choice, { environment: plan.environment, stateDirectory: state, env: io.env, say });
    engines = started.engines;
    variables = started.variables;
  };
  const reach = (group: string, reached: 'begun' | 'done') => {
    migration = noteGroup(state, migration, group, reached);
  };
  const copied: MigratedGroup[] = [];
  const copy = async ({ id: group, region }: FleetGroup, say: (text: string) => void) => {
    const { migrateGroup } = await import('../../runtime/servers/store-migration.ts');
    const store = await storeOf(plan, region, { choice, variables });
    const progress = await migrateGroup({
      environment: plan.environment,
      group,
      directory: join(state, EMBEDDED_FOLDER, group),
      store,
      holder: `migration-${migration.id}`,
      reached: migration.groups[group],
      begun: () => reach(group, 'begun'),
      telemetry: noted(io.note),
      signal: io.signal,
      told: (so) => say(figures(so)),
    });
    reach(group, 'done');
    copied.push({ group, ...progress });
  };
  try {
    await runTasks(io, [
      { title: 'start or look for Kafka and the CQL store', run: start },
      ...groups.map((group) => ({ title: `copy ${group.id}`, run: (say: (text: string) => void) => copy(group, say) })),
    ]);
    endMigration(state);
    return copied;
  } finally {
    await engines?.stop();
  }
}

interface FleetGroup {
  readonly id: string;
  readonly region: string;
}

/** Groups that have a store, by the map with which the fleet ran last. @throws IrisError CONFIG_INVALID, FILE_UNREADABLE */
function groupsOf({ environment }: Plan, state: string): FleetGroup[] {
  const map = readPublishedMap(state);
  if (map.environment !== environment) {
    throw new IrisError(
      'CONFIG_INVALID',
      `${state} holds a fleet of ${map.environment}, not of ${environment}; name another folder with --state`,
    );
  }
  const groups = map.regions.flatMap(({ code: region, groups: own }) => own.map(({ id }) => ({ id, region })));
  return groups.filter(({ id }) => existsSync(join(state, EMBEDDED_FOLDER, id)));
}

async function storeOf(
  plan: Plan,
  region: string,
  { choice, variables }: { choice: EngineChoice; variables: Record<string, string> },
): Promise<DistributedStoreConfig> {
  const document = storeAt(nodeConfigsOf(plan, region).core, await engineStore(plan.environment, choice));
  const store = resolveStore(storeConfig.parse(document), variables);
  if (store.kind !== 'distributed') throw new IrisError('CONFIG_INVALID', `the store of ${region} is ${store.kind}`);
  return store;
}

/** What is tried again is told; figures are for nodes. */
function noted(note: (text: string) => void): Telemetry {
  const tell = (event: string, fields: Readonly<Record<string, unknown>> = {}) => note(`${event}: ${Object.values(fields).join(', ')}`);
  const log = { info: () => undefined, warn: tell, error: tell };
  return { log, counter: () => ({ value: 0 }), gauge: () => undefined };
}

function figures({ inboxes, envelopes, bytes, marks }: CopyProgress): string {
  return `${inboxes} inboxes, ${envelopes} envelopes, ${(bytes / 1_048_576).toFixed(1)} MiB, ${marks} marks of senders`;
}

function textOf(groups: readonly MigratedGroup[], state: string, { environment, choice, access }: ReturnType<typeof parse>): string {
  const lines = groups.map(({ group, inboxes = 0, envelopes = 0, bytes = 0, marks }) =>
    marks === undefined ? `${group}: copied before` : `${group}: ${figures({ inboxes, envelopes, bytes, marks })}`,
  );
  const servers = [
    ...(choice.kafka ? [`--kafka ${choice.kafka.join()}`] : []),
    ...(choice.cql ? [`--cql ${choice.cql.join()}`] : []),
    ...(access ? [`--access ${access}`] : []),
  ];
  const next = ['iris up', environment, '--state', state, '--engine distributed', ...servers].join(' ');
  return [...lines, `what the cores had is in ${join(state, MIGRATED_FOLDER)}; go on with`, next].join('\n');
}
