import { parseArgs } from 'node:util';
import type { AdminAccess } from '../../infra/local/admin-access.ts';
import { errorLine, IrisError } from '../../runtime/contract/errors.ts';
import { ADMIN_OPTION_HELP, ADMIN_OPTIONS, adminAccess } from '../admin-connection.ts';
import { type Command, UsageError } from '../command.ts';

/** What an edge answers. */
interface Place {
  readonly user: string;
  readonly region: string;
  readonly node: string;
  readonly protocol: string;
  readonly device: string;
  readonly sinceMs: number;
  readonly loginStamp: number;
}

export const command: Command = {
  name: 'who',
  summary: 'Print where a user is connected: region, edge, protocol, device, since when.',
  usage: 'iris who <user> [--admin <host:port> --token-file <path>] [--state <dir>] [--json]',
  options: [
    ...ADMIN_OPTION_HELP,
    ['--json', '{"user","region","node","protocol","device","sinceMs","loginStamp"}, or {"user"} of one who is not connected'],
  ],
  async run(args, io) {
    const { positionals, values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { ...ADMIN_OPTIONS, json: { type: 'boolean', default: false } },
    });
    const [user, surplus] = positionals;
    if (user === undefined || surplus !== undefined) throw new UsageError('iris who takes one user');
    const place = await find(adminAccess(values, io), user);
    if (values.json) io.result(JSON.stringify(place ?? { user }));
    else io.result(place === undefined ? `${user} is not connected` : placeText(place));
    return 0;
  },
};

/** The latest login that any edge knows of. @throws IrisError CONNECTION_FAILED when none found it and some could not be asked. */
async function find(access: AdminAccess, user: string): Promise<Place | undefined> {
  const edges = access.targets.filter(({ role }) => role !== 'core');
  const answers = await Promise.allSettled(edges.map((edge) => access.command(edge, 'who', { user }) as Promise<Place | object>));
  const places = answers.flatMap((answer) => (answer.status === 'fulfilled' && 'node' in answer.value ? [answer.value] : []));
  const refusals = answers.flatMap((answer) => (answer.status === 'rejected' ? [errorLine(answer.reason)] : []));
  if (places.length === 0 && refusals.length > 0) throw new IrisError('CONNECTION_FAILED', refusals.join('; '));
  return places.toSorted((a, b) => b.loginStamp - a.loginStamp)[0];
}

function placeText({ user, region, node, protocol, device, sinceMs }: Place): string {
  return `${user} is connected in ${region} at ${node} since ${new Date(sinceMs).toISOString()}, ${protocol}, device ${device}`;
}
