import { parseArgs } from 'node:util';
import type { AdminAccess } from '../infra/local/admin-access.ts';
import { IrisError } from '../runtime/contract/errors.ts';
import { ADMIN_OPTIONS, adminAccess } from './admin-connection.ts';
import { type CommandIo, UsageError } from './command.ts';

interface Promotion {
  readonly user: string;
  readonly generation: number;
  readonly buckets: number;
}

/** Runs `iris promote` and `iris demote`: asks the core where the user is at home. */
export async function runPromotion(name: 'promote' | 'demote', args: readonly string[], io: CommandIo): Promise<number> {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...ADMIN_OPTIONS,
      buckets: { type: 'string' },
      force: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const [user, surplus] = positionals;
  if (user === undefined || surplus !== undefined) throw new UsageError(`iris ${name} takes one user`);
  const buckets = name === 'demote' ? 1 : Number(values.buckets);
  if (name === 'demote' && values.buckets !== undefined) throw new UsageError('iris demote takes no --buckets: it goes back to one');
  if (!Number.isInteger(buckets)) throw new UsageError(`--buckets is '${values.buckets ?? ''}', it must be a whole number`);
  const promotion = await promote(adminAccess(values, io), { user, buckets, force: values.force });
  io.result(values.json ? JSON.stringify(promotion) : renderPromotion(promotion));
  return 0;
}

async function promote(access: AdminAccess, input: { user: string; buckets: number; force: boolean }): Promise<Promotion> {
  const homes = new Set<string>();
  const refusals: string[] = [];
  for (const target of access.targets) {
    if (target.role === 'edge') continue;
    try {
      const answer = (await access.command(target, 'promote', input)) as Promotion | { home: string };
      if ('generation' in answer) return answer;
      homes.add(answer.home);
    } catch (error) {
      if (!(error instanceof IrisError)) throw error;
      refusals.push(error.message);
    }
  }
  if (refusals.length > 0) throw new IrisError('COMMAND_INVALID', refusals.join('; '));
  throw new IrisError(
    'COMMAND_INVALID',
    `${input.user} is at home in group ${[...homes].join(', ')}, whose core was not among those asked`,
  );
}

function renderPromotion({ user, generation, buckets }: Promotion): string {
  if (generation === 0) return `the inbox of ${user} has one bucket and was never promoted`;
  return `the inbox of ${user} has ${buckets} ${buckets === 1 ? 'bucket' : 'buckets'} from generation ${generation} on`;
}
