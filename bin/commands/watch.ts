import { parseArgs } from 'node:util';
import type { UserPresence } from '../../runtime/client/watches.ts';
import { type Command, type CommandIo, UsageError } from '../command.ts';
import { connectAs, EDGE_OPTION_HELP, EDGE_OPTIONS } from '../edge-connection.ts';

export const command: Command = {
  name: 'watch',
  summary: 'Print whether users are online, now and whenever it changes.',
  usage: 'iris watch <user>… --as <user> [--at <host:port>] [--count <n>] [--json]',
  options: [
    ['--as <user>', 'who watches'],
    ...EDGE_OPTION_HELP,
    ['--count <n>', 'end after this many lines; default: until Ctrl-C'],
    ['--json', 'one line {"user","isOnline","lastSeenMs"} per change; {"user","refused"} with a code of one of whom nothing is told'],
  ],
  async run(args, io) {
    const { positionals: users, values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { as: { type: 'string' }, count: { type: 'string' }, json: { type: 'boolean', default: false }, ...EDGE_OPTIONS },
    });
    if (values.as === undefined) throw new UsageError('iris watch needs --as');
    if (users.length === 0) throw new UsageError('iris watch takes at least one user');
    const countMax = values.count === undefined ? Number.POSITIVE_INFINITY : Number(values.count);
    if (values.count !== undefined && !(Number.isInteger(countMax) && countMax > 0))
      throw new UsageError(`--count is '${values.count}', it must be a whole number from 1 on`);
    const { client, at } = await connectAs(values.as, values, io);
    io.note(`${values.as} watches at ${client.region}, ${at}${values.count === undefined ? '; Ctrl-C ends' : ''}`);
    try {
      await printed(io, { countMax, isJson: values.json, watch: (listener) => client.watch(users, listener) });
    } finally {
      await client.close();
    }
    return 0;
  },
};

interface Printing {
  readonly countMax: number;
  readonly isJson: boolean;
  readonly watch: (listener: (presence: UserPresence) => void) => () => void;
}

/** Resolves after `countMax` lines, or when it is interrupted. */
function printed(io: CommandIo, { countMax, isJson, watch }: Printing): Promise<void> {
  return new Promise((resolve) => {
    let count = 0;
    io.signal.addEventListener('abort', () => resolve(), { once: true });
    watch((presence) => {
      if (count >= countMax) return;
      io.result(isJson ? jsonLine(presence) : textLine(presence));
      count++;
      if (count >= countMax) resolve();
    });
  });
}

function jsonLine({ user, isOnline, lastSeenMs, refused }: UserPresence): string {
  return JSON.stringify(refused === undefined ? { user, isOnline, lastSeenMs } : { user, refused: refused.code });
}

function textLine({ user, isOnline, lastSeenMs, refused }: UserPresence): string {
  if (refused !== undefined) return `${user} is not watched: ${refused.code} ${refused.message}`;
  if (isOnline) return `${user} is online`;
  return lastSeenMs === 0 ? `${user} is offline` : `${user} is offline, last seen ${new Date(lastSeenMs).toISOString()}`;
}
