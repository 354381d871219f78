import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runNode } from '../../runtime/main.ts';
import { type Command, UsageError } from '../command.ts';

export const command: Command = {
  name: 'node',
  summary: 'Run one edge or core in this process until SIGTERM, then drain.',
  usage: 'iris node <config.json> [--overlay <file.json>]',
  options: [
    ['--overlay <file.json>', 'a merge patch (RFC 7396) laid over the config before it is checked, for a deployed config on this machine'],
  ],
  async run(args, io) {
    const { positionals, values } = parseArgs({ args: [...args], allowPositionals: true, options: { overlay: { type: 'string' } } });
    const [config, surplus] = positionals;
    if (config === undefined || surplus !== undefined) throw new UsageError('iris node takes one config');
    await runNode({
      configPath: resolve(io.cwd, config),
      ...(values.overlay === undefined ? {} : { overlayPath: resolve(io.cwd, values.overlay) }),
      env: io.env,
      onReady: (line) => io.result(JSON.stringify(line)),
      onOwner: (line) => io.result(JSON.stringify(line)),
      signal: io.signal,
    });
    return 0;
  },
};
