import type { Command } from './command.ts';

const EXIT_CODES = 'Exit codes: 0 done; 1 refused or failed, with the reason as one line on stderr; 2 wrong usage.';
const UNITS = 'Names that end in Ms are milliseconds; ports are TCP ports; sizes are bytes unless they say otherwise.';

/** What `iris --help` prints. */
export function renderHelp(commands: readonly Command[], version: string): string {
  return [
    `iris ${version}: a messaging system from one environment file`,
    '',
    'Usage: iris <command> [arguments] [options]',
    '',
    ...twoColumns(commands.map(({ name, summary }) => [name, summary] as const)),
    '',
    'An <environment> is the name of a preset (proof, validation, growth, scale, planet) or the path of a .ts or .json file.',
    'iris <command> --help explains the options of a command with their units and defaults.',
    'The result goes to stdout, progress and notes to stderr; --json makes the result machine-readable.',
    EXIT_CODES,
  ].join('\n');
}

/** What `iris <command> --help` prints. */
export function renderCommandHelp(command: Command): string {
  return [command.summary, '', `Usage: ${command.usage}`, '', ...twoColumns(command.options), '', UNITS, EXIT_CODES].join('\n');
}

function twoColumns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
