import { parseArgs } from 'node:util';
import type { WhoMaySee } from '../../runtime/client/audience.ts';
import { type Command, UsageError } from '../command.ts';
import { connectAs, EDGE_OPTION_HELP, EDGE_OPTIONS } from '../edge-connection.ts';

export const command: Command = {
  name: 'audience',
  summary: 'Print or change who may see whether a user is online.',
  usage: 'iris audience --as <user> [--everyone | --nobody | --only <a,b>] [--at <host:port>] [--json]',
  options: [
    ['--as <user>', 'whose audience it is; logs in as this user, so a session of it elsewhere ends'],
    ['--everyone', 'everyone may see it: the default of a user who has said nothing'],
    ['--nobody', 'nobody may: to all it is as one who was never seen'],
    ['--only <a,b>', 'these users may, 8,192 bytes of names; to all others it is as one who was never seen'],
    ...EDGE_OPTION_HELP,
    ['--json', 'one line {"user","audience"}: "everyone", "nobody" or the list'],
  ],
  async run(args, io) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        as: { type: 'string' },
        everyone: { type: 'boolean', default: false },
        nobody: { type: 'boolean', default: false },
        only: { type: 'string' },
        json: { type: 'boolean', default: false },
        ...EDGE_OPTIONS,
      },
    });
    const user = values.as;
    if (user === undefined) throw new UsageError('iris audience needs --as');
    const wish = wishOf(values);
    const { client } = await connectAs(user, values, io);
    try {
      if (wish !== undefined) await client.setAudience(wish);
      const audience = await client.audience();
      io.result(
        values.json
          ? JSON.stringify({ user, audience })
          : `${user} is seen by ${typeof audience === 'string' ? audience : audience.join(', ')}`,
      );
    } finally {
      await client.close();
    }
    return 0;
  },
};

interface Wishes {
  readonly everyone: boolean;
  readonly nobody: boolean;
  readonly only?: string | undefined;
}

function wishOf({ everyone, nobody, only }: Wishes): WhoMaySee | undefined {
  if (Number(everyone) + Number(nobody) + Number(only !== undefined) > 1)
    throw new UsageError('iris audience takes one of --everyone, --nobody and --only');
  if (everyone) return 'everyone';
  if (nobody) return 'nobody';
  const names = only?.split(',').filter((name) => name !== '');
  if (names?.length === 0) throw new UsageError('--only names no user; --nobody hides from all');
  return names;
}
