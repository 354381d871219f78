import { parseArgs } from 'node:util';
import { diffReport } from '../../infra/reports/diff/diff-report.ts';
import { type Command, UsageError } from '../command.ts';
import { diffSides } from '../diff-sides.ts';
import { renderDiff, renderDiffMarkdown } from '../diff-text.ts';

export const command: Command = {
  name: 'diff',
  summary: 'Show what deploying one environment over another does: resources, replacements, nodes, shards and users moved.',
  usage: 'iris diff <before> <after> [--accept <logical id>]… [--json | --markdown]',
  options: [
    ['<before> <after>', 'each an environment, the folder of an assembly, or <git revision>:<file>'],
    [
      '--accept <logical id>',
      'the replacement of this resource is wanted, although it has state; <stack>/<logical id> for one stack; may be given again',
    ],
    ['--json', 'the whole report as one JSON document'],
    ['--markdown', 'the report for a pull request'],
    ['exit code', '0; 1 when a resource with state would be replaced, or might be, and is not accepted'],
  ],
  async run(args, io) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        accept: { type: 'string', multiple: true, default: [] },
        json: { type: 'boolean', default: false },
        markdown: { type: 'boolean', default: false },
      },
    });
    const [before, after, surplus] = positionals;
    if (before === undefined || after === undefined || surplus !== undefined)
      throw new UsageError('iris diff takes two environments, folders or revisions');
    if (values.json && values.markdown) throw new UsageError('iris diff prints --json or --markdown, not both');
    const report = diffReport(...(await diffSides(io, [before, after])), values.accept);
    if (values.json) io.result(JSON.stringify(report));
    else io.result(values.markdown ? renderDiffMarkdown(report) : renderDiff(report));
    return report.refused.length === 0 ? 0 : 1;
  },
};
