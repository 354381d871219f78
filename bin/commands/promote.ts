import { BUCKETS_MAX } from '../../runtime/contract/limits.ts';
import { ADMIN_OPTION_HELP } from '../admin-connection.ts';
import type { Command } from '../command.ts';
import { runPromotion } from '../promotion.ts';

export const command: Command = {
  name: 'promote',
  summary: 'Spread the inbox of a hot user over several cores, while messages come.',
  usage: 'iris promote <user> --buckets <n> [--force] [--admin <host:port> --token-file <path>] [--state <dir>] [--json]',
  options: [
    ['--buckets <n>', `how many parts the inbox gets, 1 to ${BUCKETS_MAX}; each lives on a core of the user’s home region`],
    ['--force', 'also while nodes are linked whose release cannot read buckets: their sessions see nothing of them'],
    ...ADMIN_OPTION_HELP,
    ['--json', 'user, generation and buckets as JSON'],
  ],
  run: (args, io) => runPromotion('promote', args, io),
};
