import { loadEnvironment } from '../environments/load-environment.ts';
import { createAwsApp } from '../infra/apps/aws-app.ts';
import { synthesize } from '../infra/apps/synthesize.ts';
import { buildNodePackage } from '../infra/package/node-package.ts';
import { createPlan } from '../infra/plan/create-plan.ts';
import { errorLine, IrisError } from '../runtime/contract/errors.ts';
import { packageCache } from './package-cache.ts';

// What cdk.json runs: `npx cdk synth -c environment=proof` makes what `iris synth proof` makes.
try {
  const app = createAwsApp({});
  const environment: unknown = app.node.tryGetContext('environment');
  const regions: unknown = app.node.tryGetContext('regions');
  if (typeof environment !== 'string') {
    throw new IrisError('ENVIRONMENT_UNKNOWN', 'no environment given; add -c environment=<preset or file>');
  }
  const plan = createPlan(await loadEnvironment(environment, process.cwd()));
  const nodePackage = await buildNodePackage({ onProgress: (text) => process.stderr.write(`${text}\n`), ...packageCache(process.env) });
  const { warnings } = await synthesize(app, {
    plan,
    nodePackage,
    ...(typeof regions === 'string' ? { regions: regions.split(',') } : {}),
  });
  for (const warning of warnings) process.stderr.write(`${warning}\n`);
} catch (error) {
  process.stderr.write(`${errorLine(error)}\n`);
  process.exit(1);
}
