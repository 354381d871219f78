import { parseArgs } from 'node:util';
import { loadEnvironment } from '../../environments/load-environment.ts';
import { createPlan } from '../../infra/plan/create-plan.ts';
import { type Explanation, explain } from '../../infra/reports/explain/explain.ts';
import { IrisError } from '../../runtime/contract/errors.ts';
import { type Command, UsageError } from '../command.ts';
import { synthesizedTemplates } from '../synthesized-templates.ts';

/** Resources replaced with one that are named; more are counted. */
const NAMED_MAX = 12;

export const command: Command = {
  name: 'explain',
  summary: 'Say why a synthesized resource is there: fields, requirements, laws, and what replacing it would replace.',
  usage: 'iris explain <logical id | name | type> --environment <environment> [--json]',
  options: [
    ['<logical id | name | type>', 'or the beginning of one, such as EdgeLoadBalancer, iris-proof-tokyo-edge or AWS::MSK'],
    ['--environment <name>', 'a preset or a file'],
    ['--json', 'one document: a list with every field'],
  ],
  async run(args, io) {
    const { positionals, values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { environment: { type: 'string' }, json: { type: 'boolean', default: false } },
    });
    const [name, surplus] = positionals;
    if (name === undefined || surplus !== undefined || values.environment === undefined)
      throw new UsageError('iris explain takes one name and --environment <environment>');
    const plan = createPlan(await loadEnvironment(values.environment, io.cwd));
    const found = explain(await synthesizedTemplates(io, plan), name);
    if (found.length === 0)
      throw new IrisError(
        'ENVIRONMENT_INVALID',
        `no resource of ${plan.environment} has a logical id, name or type that begins with '${name}'`,
      );
    io.result(values.json ? JSON.stringify(found) : found.map(render).join('\n\n'));
    return 0;
  },
};

function render(one: Explanation): string {
  const replaced = one.replacedWithIt.map(
    ({ stack, logicalId, action }) => `${stack}/${logicalId}${action === 'mayReplace' ? ' (perhaps)' : ''}`,
  );
  const rest = replaced.length - NAMED_MAX;
  return [
    `${one.stack}/${one.logicalId} (${one.type})`,
    `  ${one.what}`,
    `  fields: ${one.fields.join(', ')}`,
    `  because of: ${one.rows.join(', ')}`,
    `  made anew when these change: ${[...one.createOnly, ...one.sometimesCreateOnly.map((path) => `${path} (perhaps)`)].join(', ') || 'nothing'}`,
    `  replaced with it: ${[...replaced.slice(0, NAMED_MAX), ...(rest > 0 ? [`${rest} more`] : [])].join(', ') || 'nothing else'}`,
  ].join('\n');
}
