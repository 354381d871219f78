import { spawnSync } from 'node:child_process';

export interface Tool {
  readonly command: string;
  /** What a user types to get it. */
  readonly install: string;
  /** Debian package that holds it; installed by itself where that is possible. */
  readonly debianPackage?: string;
}

export const GO: Tool = { command: 'go', install: 'apt-get install golang-go, or https://go.dev/dl' };
export const PYTHON: Tool = { command: 'python3', install: 'apt-get install python3 python3-venv', debianPackage: 'python3-venv' };
export const STRACE: Tool = { command: 'strace', install: 'apt-get install strace', debianPackage: 'strace' };

export const REDIS: Tool = { command: 'redis-server', install: 'apt-get install redis-server', debianPackage: 'redis-server' };

/**
 * Makes sure that the tool is there, so that a test never passes without it.
 * @throws Error with the command that installs it.
 */
export function requireTool({ command, install, debianPackage }: Tool): void {
  if (isThere(command)) return;
  if (debianPackage !== undefined && process.getuid?.() === 0 && isThere('apt-get')) {
    // Run level 1 keeps a package from starting its service.
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
    const apt = 'apt-get -o DPkg::Lock::Timeout=120';
    const script = `${apt} install -y -qq --no-install-recommends ${debianPackage} || (${apt} update -qq && ${apt} install -y -qq --no-install-recommends ${debianPackage})`;
    spawnSync('bash', ['-c', script], { env, stdio: 'ignore', timeout: 240_000 });
    if (isThere(command)) return;
  }
  throw new Error(`this test needs ${command}; install it: ${install}`);
}

function isThere(command: string): boolean {
  return spawnSync('bash', ['-c', 'command -v "$0"', command], { stdio: 'ignore' }).status === 0;
}
