import { ADMIN_OPTION_HELP } from '../admin-connection.ts';
import type { Command } from '../command.ts';
import { runPromotion } from '../promotion.ts';

export const command: Command = {
  name: 'demote',
  summary: 'Bring a promoted inbox back to one bucket, while messages come.',
  usage: 'iris demote <user> [--admin <host:port> --token-file <path>] [--state <dir>] [--json]',
  options: [...ADMIN_OPTION_HELP, ['--json', 'user, generation and buckets as JSON']],
  run: (args, io) => runPromotion('demote', args, io),
};
