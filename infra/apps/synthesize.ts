import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { App } from 'aws-cdk-lib/core';
import { IrisError } from '../../runtime/contract/errors.ts';
import type { Plan } from '../plan/plan.ts';
import { type AwsStacks, type AwsStacksOptions, addAwsStacks } from './aws-app.ts';
import { measureTemplate, type TemplateSize } from './template-limits.ts';

/** Beside the templates: where node configs and the slot map are, and in which order a first deployment goes. */
export const MANIFEST_FILE = 'iris-manifest.json';

/** A synthesized environment. */
export interface Assembly extends AwsStacks {
  readonly directory: string;
  readonly templates: readonly TemplateSize[];
  /** Folder of the Terraform configuration, where Cloudflare routes. */
  readonly terraform: string | null;
  /** What a deployment of these templates would not do yet. */
  readonly warnings: readonly string[];
}

/**
 * Plan → assembly: templates, assets, documents and manifest in the app’s folder. Needs no credentials and asks nothing.
 * @throws IrisError SYNTH_FAILED when a template breaks a rule or a limit.
 */
export async function synthesize(app: App, options: AwsStacksOptions): Promise<Assembly> {
  const { plan } = options;
  const stacks = addAwsStacks(app, options);
  const assembly = synthesizeApp(app);
  const templates = assembly.stacks.map((stack) => measureTemplate(stack.stackName, stack.templateFullPath));
  const terraform = plan.geoRouting === 'cloudflare' ? 'cloudflare' : null;
  const terraformFolder = join(assembly.directory, 'cloudflare');
  rmSync(terraformFolder, { recursive: true, force: true });
  if (terraform !== null) {
    // Imported only here: it loads Terraform’s toolkit, which most environments do not need.
    const { synthesizeCloudflare } = await import('./cloudflare-app.ts');
    synthesizeCloudflare(plan, terraformFolder);
  }
  const manifest = { format: 'iris-assembly/1', environment: plan.environment, ...stacks, terraform };
  writeFileSync(join(assembly.directory, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`);
  return { ...stacks, directory: assembly.directory, templates, terraform, warnings: warningsOf(plan) };
}

function warningsOf({ foundation, environment, regions }: Plan): string[] {
  return [
    ...(foundation === 'distributed'
      ? [
          `${environment}: this release's cores do not use Kafka, ScyllaDB and Valkey yet; deploy the distributed foundation without traffic only`,
        ]
      : []),
    ...(regions.length > 1 ? [`${environment}: no stack joins the regions' networks; join them before messages cross regions`] : []),
  ];
}

function synthesizeApp(app: App) {
  try {
    return app.synth();
  } catch (cause) {
    throw new IrisError('SYNTH_FAILED', 'the templates break a rule of CloudFormation', { cause });
  }
}
