import { limitsReport } from '../../infra/reports/limits/limits-report.ts';
import type { Command } from '../command.ts';
import { headroomTable, quotaTable } from '../limits-text.ts';
import { plannedEnvironment } from '../planned-environment.ts';
import { synthesizedTemplates } from '../synthesized-templates.ts';

export const command: Command = {
  name: 'limits',
  summary: 'Show how much room an environment leaves in templates, names, DNS records and quotas.',
  usage: 'iris limits <environment> [--json]',
  options: [['--json', 'the whole report as one JSON document']],
  async run(args, io) {
    const { plan, isJson } = await plannedEnvironment('limits', args, io);
    const report = limitsReport(plan, await synthesizedTemplates(io, plan));
    const text = [headroomTable([...report.templates, ...report.routing]), quotaTable(report.quotas)].join('\n\n');
    io.result(isJson ? JSON.stringify(report) : text);
    return 0;
  },
};
