import { costReport } from '../../infra/reports/cost/cost-report.ts';
import type { Command } from '../command.ts';
import { renderCost } from '../cost-text.ts';
import { plannedEnvironment } from '../planned-environment.ts';

export const command: Command = {
  name: 'cost',
  summary: 'Show what an environment costs a month at list price, per region and layer, beside the seeds’ targets.',
  usage: 'iris cost <environment> [--json]',
  options: [['--json', 'the whole report as one JSON document: every line of the bill in dollars a month, not rounded']],
  async run(args, io) {
    const { plan, isJson } = await plannedEnvironment('cost', args, io);
    const report = costReport(plan);
    io.result(isJson ? JSON.stringify(report) : renderCost(report));
    return 0;
  },
};
