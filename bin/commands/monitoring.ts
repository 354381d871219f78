import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { loadEnvironment } from '../../environments/load-environment.ts';
import { createPlan } from '../../infra/plan/create-plan.ts';
import { grafanaDashboard } from '../../infra/reports/prometheus/grafana-dashboard.ts';
import { prometheusRules } from '../../infra/reports/prometheus/rules.ts';
import { type Command, UsageError } from '../command.ts';

export const RULES_FILE = 'prometheus-rules.json';
export const DASHBOARD_FILE = 'grafana-dashboard.json';

export const command: Command = {
  name: 'monitoring',
  summary: 'Write an environment’s alarms as rules for Prometheus, and its dashboard for Grafana.',
  usage: 'iris monitoring <environment> [--out DIR]',
  options: [
    ['--out DIR', `folder of ${RULES_FILE} and ${DASHBOARD_FILE}; default: the current one`],
    ['labels', 'region and role, which every node has in /metrics; the runbook’s heading is in each rule'],
  ],
  async run(args, io) {
    const { positionals, values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { out: { type: 'string', default: '.' } },
    });
    const [name, surplus] = positionals;
    if (name === undefined || surplus !== undefined) throw new UsageError('iris monitoring takes one environment');
    const plan = createPlan(await loadEnvironment(name, io.cwd));
    const folder = resolve(io.cwd, values.out);
    const rules = prometheusRules(plan);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, RULES_FILE), `${JSON.stringify(rules, null, 2)}\n`);
    writeFileSync(join(folder, DASHBOARD_FILE), `${JSON.stringify(grafanaDashboard(plan), null, 2)}\n`);
    const count = rules.groups.reduce((sum, group) => sum + group.rules.length, 0);
    io.result(`${count} rules of ${plan.regions.length} regions and a dashboard in ${folder}`);
    return 0;
  },
};
