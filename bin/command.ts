/** What a command may do with the outside: stdout carries only the result, stderr the rest. */
export interface CommandIo {
  /** The result: one call per line or block. */
  readonly result: (text: string) => void;
  /** Progress, notes and warnings. */
  readonly note: (text: string) => void;
  /** True where stderr is a terminal, so that progress may redraw itself. */
  readonly isInteractive: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Aborts on the first Ctrl-C or SIGTERM; a second one ends the process at once. */
  readonly signal: AbortSignal;
}

/** One command of the CLI. Parses and prints; decides nothing. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  /** `iris plan <environment> [--json]` */
  readonly usage: string;
  /** Options with unit and default, one line each, as `--help` prints them. */
  readonly options: readonly (readonly [flag: string, meaning: string])[];
  /** Exit code: 0 done. An IrisError thrown becomes one line on stderr and 1; a UsageError becomes one line and 2. */
  run(args: readonly string[], io: CommandIo): Promise<number>;
}

/** A wrong flag, a missing or surplus argument: exit code 2. */
export class UsageError extends Error {}
