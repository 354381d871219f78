import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildNodePackage, type NodePackage, writeNodePackage } from '../../infra/package/node-package.ts';
import { type Command, UsageError } from '../command.ts';
import { packageCache } from '../package-cache.ts';

export const command: Command = {
  name: 'package',
  summary: 'Build what a cloud node runs: the edge and core bundles and the pinned Node for arm64, with their hashes.',
  usage: 'iris package [--out DIR] [--json]',
  options: [
    ['--out DIR', 'folder to write runtime.tar, node.gz and manifest.json to; default: .iris/package'],
    ['--json', 'print the manifest as JSON'],
    ['IRIS_CACHE=DIR', 'folder of what is fetched and compressed once; default: node_modules/.cache/iris'],
  ],
  async run(args, io) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { out: { type: 'string', default: '.iris/package' }, json: { type: 'boolean', default: false } },
    });
    if (positionals.length > 0) throw new UsageError(`iris package takes no argument, got '${positionals[0]}'`);
    const built = await buildNodePackage({ onProgress: (text) => io.note(text), signal: io.signal, ...packageCache(io.env) });
    const written = writeNodePackage(built, resolve(io.cwd, values.out));
    io.result(values.json ? JSON.stringify(written, null, 2) : render(written));
    return 0;
  },
};

function render({ runtime, node, files }: NodePackage): string {
  const rows = files.map((file) => `  ${file.sha256.slice(0, 16)}  ${String(file.bytes).padStart(9)}  ${file.path}`);
  return [
    `${runtime.path}  sha256 ${runtime.sha256}`,
    ...rows,
    `${node.path}  Node ${node.version} for arm64, sha256 of the binary ${node.sha256}`,
  ].join('\n');
}
