import { nearestName } from '../environments/nearest-name.ts';
import { errorLine, IrisError } from '../runtime/contract/errors.ts';
import { type Command, type CommandIo, UsageError } from './command.ts';
import { renderCommandHelp, renderHelp } from './command-help.ts';
import { COMMAND_NAMES, loadCommand } from './commands.ts';
import { interruption } from './interruption.ts';
import { packageVersion } from './package-version.ts';

const DONE = 0;
const REFUSED = 1;
const WRONG_USAGE = 2;

process.exitCode = await main(process.argv.slice(2));
await flushed(process.stdout);
process.exit();

/** Finds the command and turns what it throws into one line on stderr and an exit code. */
async function main(argv: readonly string[]): Promise<number> {
  endQuietlyOnClosedPipe();
  const io = openIo();
  const [name, ...args] = argv;
  try {
    if (name === undefined) throw new UsageError('a command is missing; iris --help lists them');
    if (name === '--help' || name === '-h' || name === 'help') return await printHelp(args[0], io);
    if (name === '--version') return print(packageVersion(), io);
    const command = await findCommand(name);
    return wantsHelp(args) ? print(renderCommandHelp(command), io) : await command.run(args, io);
  } catch (error) {
    return report(error, io);
  }
}

async function printHelp(name: string | undefined, io: CommandIo): Promise<number> {
  if (name !== undefined) return print(renderCommandHelp(await findCommand(name)), io);
  return print(renderHelp(await Promise.all(COMMAND_NAMES.map(loadCommand)), packageVersion()), io);
}

async function findCommand(name: string): Promise<Command> {
  const known = COMMAND_NAMES.find((candidate) => candidate === name);
  if (known !== undefined) return await loadCommand(known);
  const nearest = nearestName(name, COMMAND_NAMES);
  throw new UsageError(`no command is called '${name}'; ${nearest === undefined ? 'iris --help lists them' : `did you mean ${nearest}?`}`);
}

function print(text: string, io: CommandIo): number {
  io.result(text);
  return DONE;
}

/** `--help` asks for help anywhere before `--`, after which everything is text. */
function wantsHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return (end < 0 ? args : args.slice(0, end)).some((arg) => arg === '--help' || arg === '-h');
}

function report(error: unknown, io: CommandIo): number {
  if (error instanceof UsageError || isParseArgsError(error)) {
    io.note(`iris: ${errorLine(error)}`);
    return WRONG_USAGE;
  }
  const code = error instanceof IrisError ? error.code : 'unexpected';
  // A list of problems is one line where a program reads it, and one line a problem where a person does.
  const reason = io.isInteractive && error instanceof IrisError ? error.message : errorLine(error);
  io.note(`iris: ${code}: ${reason}`);
  if (io.env['IRIS_DEBUG'] && error instanceof Error && error.stack !== undefined) io.note(error.stack);
  return REFUSED;
}

/** Node's own `parseArgs` throws these for an unknown flag or a missing value. */
function isParseArgsError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
}

function openIo(): CommandIo {
  return {
    result: (text) => void process.stdout.write(`${text}\n`),
    note: (text) => void process.stderr.write(`${text}\n`),
    isInteractive: process.stderr.isTTY === true,
    env: process.env,
    cwd: process.cwd(),
    signal: interruption(),
  };
}

/** `iris plan planet | head` closes our stdout early; that is the reader's right and no failure. */
function endQuietlyOnClosedPipe(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(DONE);
    throw error;
  });
}

async function flushed(stream: NodeJS.WriteStream): Promise<void> {
  await new Promise<void>((resolve) => stream.write('', () => resolve()));
}
