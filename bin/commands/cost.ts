import { parseArgs } from 'node:util';
import { loadEnvironment } from '../../environments/load-environment.ts';
import { createPlan } from '../../infra/plan/create-plan.ts';
import { costReport } from '../../infra/reports/cost/cost-report.ts';
import { type Command, UsageError } from '../command.ts';
import { renderCost } from '../cost-text.ts';

export const command: Command = {
  name: 'cost',
  summary: 'Show what an environment costs a month at list price, per region and layer, beside the seeds’ targets.',
  usage: 'iris cost <environment> [--json]',
  options: [['--json', 'the whole report as one JSON document: every line of the bill in dollars a month, not rounded']],
  async run(args, io) {
    const { positionals, values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { json: { type: 'boolean', default: false } },
    });
    const [name, surplus] = positionals;
    if (name === undefined || surplus !== undefined) throw new UsageError('iris cost takes one environment: a preset or a file');
    const report = costReport(createPlan(await loadEnvironment(name, io.cwd)));
    io.result(values.json ? JSON.stringify(report) : renderCost(report));
    return 0;
  },
};
