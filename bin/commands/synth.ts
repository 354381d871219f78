import { relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { loadEnvironment } from '../../environments/load-environment.ts';
import { createAwsApp } from '../../infra/apps/aws-app.ts';
import { type Assembly, synthesize } from '../../infra/apps/synthesize.ts';
import { buildNodePackage } from '../../infra/package/node-package.ts';
import { createPlan } from '../../infra/plan/create-plan.ts';
import { type Command, UsageError } from '../command.ts';
import { packageCache } from '../package-cache.ts';

export const command: Command = {
  name: 'synth',
  summary: 'Write the CloudFormation templates and node configs of an environment; needs no credentials.',
  usage: 'iris synth <environment> [--out DIR] [--regions a,b] [--no-validation] [--json]',
  options: [
    ['--out DIR', 'folder of the assembly; default: cdk.out'],
    ['--regions a,b', 'codes of the regions whose stacks are written; default: all. Global stacks are always written'],
    ['--no-validation', 'leave out the check of every template against CloudFormation’s rules, which takes 5 s and more'],
    ['--json', 'print stacks, resources and bytes as JSON'],
    ['IRIS_CACHE=DIR', 'folder of what is fetched and compressed once; default: node_modules/.cache/iris'],
  ],
  async run(args, io) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        out: { type: 'string', default: 'cdk.out' },
        regions: { type: 'string' },
        'no-validation': { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
    });
    const [environment, surplus] = positionals;
    if (environment === undefined) throw new UsageError('iris synth needs an environment: a preset’s name or a file');
    if (surplus !== undefined) throw new UsageError(`iris synth takes one environment, got '${surplus}' too`);
    const plan = createPlan(await loadEnvironment(environment, io.cwd));
    const nodePackage = await buildNodePackage({ onProgress: (text) => io.note(text), signal: io.signal, ...packageCache(io.env) });
    const validate = !values['no-validation'];
    if (validate) io.note(`synthesizing ${plan.environment} and checking its templates`);
    const app = createAwsApp({ outDir: resolve(io.cwd, values.out), validate });
    const assembly = await synthesize(app, { plan, nodePackage, ...(values.regions ? { regions: values.regions.split(',') } : {}) });
    for (const warning of assembly.warnings) io.note(warning);
    io.result(values.json ? JSON.stringify(assembly, null, 2) : render(assembly, io.cwd));
    return 0;
  },
};

function render({ templates, directory, nodeConfigs, terraform }: Assembly, cwd: string): string {
  const width = Math.max(...templates.map(({ stack }) => stack.length));
  const rows = templates.map(
    ({ stack, resources, bytes }) =>
      `${stack.padEnd(width)}  ${String(resources).padStart(4)} resources  ${String(bytes).padStart(8)} bytes`,
  );
  const resources = templates.reduce((sum, template) => sum + template.resources, 0);
  const folder = relative(cwd, directory) || '.';
  return [
    ...rows,
    `${templates.length} stacks, ${resources} resources, ${nodeConfigs.length} node configs and the slot map in ${folder}`,
    ...(terraform === null ? [] : [`Terraform configuration of Cloudflare in ${folder}/${terraform}`]),
  ].join('\n');
}
