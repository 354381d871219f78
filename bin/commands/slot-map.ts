import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { loadEnvironment } from '../../environments/load-environment.ts';
import { createPlan } from '../../infra/plan/create-plan.ts';
import { slotMapOf } from '../../infra/plan/slot-map.ts';
import { openRegister } from '../../runtime/adapters/slot-maps/open-register.ts';
import { publishFirst, publishOver, readPublication } from '../../runtime/adapters/slot-maps/publication.ts';
import { readJsonFile } from '../../runtime/contract/node-config.ts';
import { readSlotMap } from '../../runtime/contract/slot-map.ts';
import { asPlanned } from '../../runtime/contract/slot-map-planned.ts';
import type { SlotMap } from '../../runtime/contract/slot-map-schema.ts';
import type { SlotMapRegister } from '../../runtime/ports/slot-maps.ts';
import { type Command, type CommandIo, UsageError } from '../command.ts';
import { placeFrom } from '../moved-fleet.ts';

export const command: Command = {
  name: 'slot-map',
  summary: 'Print the slot map that an environment publishes, or publish a newer one in its place.',
  usage: 'iris slot-map <where> [--publish <file> | --plan <environment>]',
  options: [
    [
      '<where>',
      'etcd://host:port,…/key, consul://host:port/key, ssm://<aws region>/<parameter> or a file; etcds and consuls by TLS, ?credentials=<file>',
    ],
    ['--publish <file>', 'puts this slot map there, after the checks that nodes make'],
    [
      '--plan <environment>',
      'begins with the plan of an environment, or brings in the regions, groups and addresses that it has now; nobody moves by that',
    ],
  ],
  async run(args, io) {
    const { positionals, values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { publish: { type: 'string' }, plan: { type: 'string' } },
    });
    const [where, surplus] = positionals;
    if (where === undefined || surplus !== undefined) throw new UsageError('iris slot-map takes one place');
    const register = openRegister(placeFrom(where, io.cwd));
    if (values.publish !== undefined && values.plan !== undefined) throw new UsageError('--publish and --plan do not go together');
    if (values.plan !== undefined) return await followPlan(register, slotMapOf(createPlan(await loadEnvironment(values.plan, io.cwd))), io);
    if (values.publish !== undefined) return await publish(register, readJsonFile(resolve(io.cwd, values.publish)), io);
    const { map, revision } = await readPublication(register);
    io.note(`${register.name}, publication ${revision}: ${summaryOf(map)}`);
    io.result(JSON.stringify(map, null, 2));
    return 0;
  },
};

async function publish(register: SlotMapRegister, document: unknown, io: CommandIo): Promise<number> {
  const { map } = readSlotMap(document);
  if ((await register.read()) === undefined) await publishFirst(register, map);
  else await publishOver(register, await readPublication(register), map);
  io.result(`${register.name} has ${summaryOf(map)}`);
  return 0;
}

/** The first map of an environment, or the regions and groups that it plans now; nobody moves by it. */
async function followPlan(register: SlotMapRegister, planned: SlotMap, io: CommandIo): Promise<number> {
  const found = await register.read();
  const from = found === undefined ? undefined : await readPublication(register);
  const next = from === undefined ? planned : asPlanned(from.map, planned);
  if (from === undefined) await publishFirst(register, planned);
  else if (next !== undefined) await publishOver(register, from, next);
  io.result(next === undefined ? `${register.name} names all that is planned already` : `${register.name} has ${summaryOf(next)}`);
  return 0;
}

function summaryOf({ environment, version, shards, regions, moving }: SlotMap): string {
  const groups = regions.reduce((sum, region) => sum + region.groups.length, 0);
  const move = moving === undefined ? 'no move under way' : `a move from version ${moving.from.version} under way`;
  return `version ${version} of ${environment}: ${shards} shards in ${groups} groups of ${regions.length} regions, ${move}`;
}
