import { parseArgs } from 'node:util';
import { loadEnvironment } from '../../environments/load-environment.ts';
import { createPlan } from '../../infra/plan/create-plan.ts';
import { type Copies, keyspaceCopies } from '../../infra/plan/keyspace.ts';
import { type CqlSettings, keyspaceOf } from '../../runtime/contract/cql-settings.ts';
import { IrisError } from '../../runtime/contract/errors.ts';
import { type Command, type CommandIo, UsageError } from '../command.ts';

const OPTIONS = {
  cql: { type: 'string' },
  replicas: { type: 'string' },
  credentials: { type: 'string' },
  ca: { type: 'string' },
  tls: { type: 'boolean' },
  check: { type: 'boolean' },
  print: { type: 'boolean' },
} as const;

export const command: Command = {
  name: 'schema',
  summary: 'Make the keyspace and tables of an environment in a CQL store, or bring them to this release.',
  usage: 'iris schema <environment> --cql host[,host] [--check | --print]',
  options: [
    [
      '<environment>',
      'a preset, or the path of a .ts or .json file; its name names the keyspace, its plan says how many copies a data centre keeps',
    ],
    ['--cql host[,host]', 'some nodes of the cluster, host or host:port (default port 9042)'],
    [
      '--replicas dc=N[,dc=N]',
      'copies in each data centre, where the plan does not say it; default: replicas of the region that has its name',
    ],
    ['--credentials FILE', 'JSON with username and password of a user who may create keyspaces; default: no login'],
    ['--tls', 'speak TLS; certificates are checked against the system’s authorities'],
    ['--ca FILE', 'speak TLS; PEM of the authority that signed the nodes’ certificates'],
    ['--check', 'change nothing; exit code 1 when this release’s nodes could not start'],
    ['--print', 'change nothing; print the statements that an empty cluster would get'],
  ],
  async run(args, io) {
    const { positionals, values } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS });
    const [name, surplus] = positionals;
    if (name === undefined || surplus !== undefined) throw new UsageError('iris schema takes one environment: a preset or a file');
    if (values.cql === undefined) throw new UsageError('iris schema needs --cql host[,host]: some nodes of the cluster');
    if (values.check === true && values.print === true) throw new UsageError('iris schema checks or prints, not both');
    const plan = createPlan(await loadEnvironment(name, io.cwd));
    const { clusterAt } = await import('../../runtime/adapters/cql-cluster.ts');
    const { systemClock: clock } = await import('../../runtime/adapters/clock-system.ts');
    const asked = {
      contactPoints: values.cql.split(',').filter((host) => host !== ''),
      keyspace: keyspaceOf(plan.environment),
      tls: values.tls === true || values.ca !== undefined,
      ...(values.ca !== undefined && { caPath: values.ca }),
      ...(values.credentials !== undefined && { credentialsPath: values.credentials }),
    };
    const { dataCentres, isScylla } = await clusterAt(asked, clock);
    const replication = keyspaceCopies(plan, dataCentres, statedCopies(values.replicas));
    // The same for whoever migrates, so that two of them meet at one lock.
    const [dataCentre = ''] = Object.keys(replication).toSorted();
    const settings = { ...asked, dataCentre };
    if (values.print === true) return await print(io, settings.keyspace, { replication, isScylla });
    if (values.check === true) return await check(io, settings);
    const { migrateSchema } = await import('../../runtime/adapters/cql-migration.ts');
    const { from, to } = await migrateSchema({ settings, replication, clock, done: io.note });
    io.result(`keyspace ${settings.keyspace} has schema version ${to}${from === to ? ': nothing to do' : `, before ${from}`}`);
    return 0;
  },
};

async function print(
  io: CommandIo,
  keyspace: string,
  { replication, isScylla }: { replication: Copies; isScylla: boolean },
): Promise<number> {
  const { schemaStatements } = await import('../../runtime/adapters/cql-migration.ts');
  for (const statement of schemaStatements(keyspace, replication, isScylla)) io.result(`${statement.replaceAll(/\s+/g, ' ')};`);
  return 0;
}

async function check(io: CommandIo, settings: CqlSettings): Promise<number> {
  const { openCqlSession, SCHEMA_VERSION } = await import('../../runtime/adapters/cql-schema.ts');
  const { systemClock: clock } = await import('../../runtime/adapters/clock-system.ts');
  const session = await openCqlSession({ settings, clock });
  await session.close();
  io.result(`keyspace ${settings.keyspace} has schema version ${SCHEMA_VERSION}, which this release works with`);
  return 0;
}

function statedCopies(text: string | undefined): Copies | undefined {
  if (text === undefined) return undefined;
  const copies = text.split(',').map((part) => /^([^=]+)=([1-9]\d?)$/.exec(part));
  if (copies.includes(null)) throw new IrisError('ENGINE_INVALID', `--replicas ${text} is not of the form dc1=3,dc2=3`);
  return Object.fromEntries(copies.map((match) => [match?.[1] ?? '', Number(match?.[2])]));
}
