import { parseArgs } from 'node:util';
import { loadEnvironment } from '../../environments/load-environment.ts';
import { createPlan } from '../../infra/plan/create-plan.ts';
import { limitsReport } from '../../infra/reports/limits/limits-report.ts';
import { type Command, UsageError } from '../command.ts';
import { headroomTable, quotaTable } from '../limits-text.ts';
import { synthesizedTemplates } from '../synthesized-templates.ts';

export const command: Command = {
  name: 'limits',
  summary: 'Show how much room an environment leaves in templates, names, DNS records and quotas.',
  usage: 'iris limits <environment> [--json]',
  options: [['--json', 'the whole report as one JSON document']],
  async run(args, io) {
    const { positionals, values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { json: { type: 'boolean', default: false } },
    });
    const [name, surplus] = positionals;
    if (name === undefined || surplus !== undefined) throw new UsageError('iris limits takes one environment: a preset or a file');
    const plan = createPlan(await loadEnvironment(name, io.cwd));
    const report = limitsReport(plan, await synthesizedTemplates(io, plan));
    const text = [headroomTable([...report.templates, ...report.routing]), quotaTable(report.quotas)].join('\n\n');
    io.result(values.json ? JSON.stringify(report) : text);
    return 0;
  },
};
