import { parseArgs } from 'node:util';
import type { AdminAccess, AdminTarget } from '../../infra/local/admin-access.ts';
import type { DeadLetter } from '../../runtime/contract/dead-letter.ts';
import { IrisError } from '../../runtime/contract/errors.ts';
import { ADMIN_OPTION_HELP, ADMIN_OPTIONS, adminAccess } from '../admin-connection.ts';
import { type Command, type CommandIo, UsageError } from '../command.ts';
import { textTable } from '../text-table.ts';

/** As `GET /dead-letters` lists it, and which core did. */
type Letter = DeadLetter & { readonly core: string };

type Decision = 'retry' | 'discard';

interface Outcome {
  readonly done: number;
  readonly left: readonly { readonly core: string; readonly position: number; readonly reason: string }[];
}

export const command: Command = {
  name: 'dead-letters',
  summary: 'List the messages that were set aside because their handler failed on them, send them again, or give them up.',
  usage:
    'iris dead-letters [--retry | --discard] [--position <n> | --all] [--admin <host:port> --token-file <path>] [--state <dir>] [--json]',
  options: [
    ['--retry', 'to their recipients once more, wherever those live now; after the handler was mended'],
    ['--discard', 'give them up: a recipient who lives on the same core is told of the gap'],
    ['--position <n>', 'one of them, by the position that the list shows'],
    ['--all', 'all that are listed'],
    ...ADMIN_OPTION_HELP,
    ['--json', 'the list, or what was done and what is left, as JSON'],
  ],
  async run(args, io) {
    const { decision, position, flags } = parse(args);
    const access = adminAccess(flags, io);
    const letters = await lettersOf(access, io);
    if (decision === undefined) {
      io.result(flags.json ? JSON.stringify(letters.map(({ letter }) => letter)) : listText(letters.map(({ letter }) => letter)));
      return 0;
    }
    const meant = letters.filter(({ letter }) => position === undefined || letter.position === position);
    checkMeant(meant, position);
    const outcome = await decide(access, decision, meant);
    io.result(flags.json ? JSON.stringify(outcome) : outcomeText(decision, outcome));
    return outcome.left.length === 0 ? 0 : 1;
  },
};

interface Found {
  readonly target: AdminTarget;
  readonly letter: Letter;
}

/** @throws IrisError CONNECTION_FAILED where no core answers */
async function lettersOf(access: AdminAccess, io: CommandIo): Promise<Found[]> {
  const found: Found[] = [];
  const refusals: string[] = [];
  const cores = access.targets.filter(({ role }) => role !== 'edge');
  for (const target of cores) {
    try {
      const { deadLetters } = (await access.page(target, 'dead-letters')) as { deadLetters: Letter[] };
      found.push(...deadLetters.map((letter) => ({ target, letter: { ...letter, core: target.id } })));
    } catch (error) {
      if (!(error instanceof IrisError)) throw error;
      refusals.push(error.message);
    }
  }
  if (refusals.length === cores.length) throw new IrisError('CONNECTION_FAILED', refusals.join('; '));
  for (const refusal of refusals) io.note(`not listed: ${refusal}`);
  return found;
}

/** @throws IrisError COMMAND_INVALID for a position that nothing has, or that several cores have */
function checkMeant(meant: readonly Found[], position: number | undefined): void {
  if (position === undefined || meant.length === 1) return;
  const cores = meant.map(({ letter }) => letter.core).join(', ');
  throw new IrisError(
    'COMMAND_INVALID',
    meant.length === 0
      ? `no dead letter has the position ${position}`
      : `${cores} each have one at ${position}: name one core with --admin`,
  );
}

async function decide(access: AdminAccess, decision: Decision, letters: readonly Found[]): Promise<Outcome> {
  let done = 0;
  const left: Outcome['left'][number][] = [];
  for (const target of new Set(letters.map((found) => found.target))) {
    const positions = letters.filter((found) => found.target === target).map(({ letter }) => letter.position);
    const answer = (await access.command(target, 'dead-letters', { [decision]: positions })) as Outcome;
    done += answer.done;
    left.push(...answer.left.map((letter) => ({ ...letter, core: target.id })));
  }
  return { done, left };
}

function listText(letters: readonly Letter[]): string {
  if (letters.length === 0) return 'no message is set aside';
  const rows = letters.map(({ core, position, from, group, sender, recipient, bytes, tries, reason, setAsideAtMs }) => {
    const place = from === 'inbox' ? 'inbox' : `outbox to ${group}`;
    return [core, `${position}`, place, sender, recipient, `${bytes}`, `${tries}`, new Date(setAsideAtMs).toISOString(), reason];
  });
  return textTable([['core', 'position', 'from', 'sender', 'recipient', 'bytes', 'tries', 'set aside', 'reason'], ...rows]);
}

function outcomeText(decision: Decision, { done, left }: Outcome): string {
  const lines = left.map(({ core, position, reason }) => `left: ${position} of ${core}: ${reason}`);
  return [`${done} ${decision === 'retry' ? 'sent again' : 'given up'}`, ...lines].join('\n');
}

function parse(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...ADMIN_OPTIONS,
      retry: { type: 'boolean', default: false },
      discard: { type: 'boolean', default: false },
      position: { type: 'string' },
      all: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const { retry, discard, position, all } = values;
  if (retry && discard) throw new UsageError('--retry and --discard exclude each other');
  const decision: Decision | undefined = retry ? 'retry' : discard ? 'discard' : undefined;
  const isNamed = (position !== undefined) !== all;
  if (decision !== undefined && !isNamed) throw new UsageError(`--${decision} needs --position <n> or --all`);
  if (decision === undefined && (all || position !== undefined)) throw new UsageError('--position and --all need --retry or --discard');
  if (position !== undefined && !/^\d{1,16}$/.test(position))
    throw new UsageError(`--position is '${position}', it must be a whole number`);
  return { decision, position: position === undefined ? undefined : Number(position), flags: values };
}
