import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { App, Stack } from 'aws-cdk-lib/core';
import { IrisError } from '../../runtime/contract/errors.ts';
import type { Plan } from '../plan/plan.ts';
import { type Rollout, rolloutOf } from '../reports/rollout.ts';
import { type AwsStacks, type AwsStacksOptions, addAwsStacks } from './aws-app.ts';
import { measureTemplate, type TemplateSize } from './template-limits.ts';

/** Beside the templates: names of stacks, and where node configs and the slot map are. */
export const MANIFEST_FILE = 'iris-manifest.json';
/** Beside it: the waves of a deployment. */
export const ROLLOUT_FILE = 'rollout.json';

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
  const templates = assembly.stacks.map(({ id, templateFullPath }) => measureTemplate(app.node.findChild(id) as Stack, templateFullPath));
  const terraform = plan.geoRouting.includes('cloudflare') ? 'cloudflare' : null;
  const terraformFolder = join(assembly.directory, 'cloudflare');
  rmSync(terraformFolder, { recursive: true, force: true });
  if (terraform !== null) {
    // Imported only here: it loads Terraform’s toolkit, which most environments do not need.
    const { synthesizeCloudflare } = await import('./cloudflare-app.ts');
    synthesizeCloudflare(plan, terraformFolder);
  }
  const manifest = { format: 'iris-assembly/1', environment: plan.environment, ...stacks, terraform };
  writeFileSync(join(assembly.directory, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`);
  writeFileSync(join(assembly.directory, ROLLOUT_FILE), `${JSON.stringify(rolloutOfStacks(plan, stacks), null, 2)}\n`);
  return { ...stacks, directory: assembly.directory, templates, terraform, warnings: warningsOf(plan) };
}

function rolloutOfStacks(plan: Plan, { globalStack, accountStacks, regionStacks, leavingStacks, routingStacks }: AwsStacks): Rollout {
  const made = plan.regions.filter(({ code }) => regionStacks[code] !== undefined);
  return rolloutOf(
    { ...plan, regions: made, leaving: plan.leaving.filter(({ code }) => leavingStacks[code] !== undefined) },
    {
      global: [globalStack, ...accountStacks],
      routing: routingStacks,
      stacksOf: (code) => regionStacks[code] ?? leavingStacks[code] ?? [],
    },
  );
}

/** Each ends when a later release does the thing; none is a fault of the environment. */
function warningsOf({ environment, regions, apart, domain, hostedZoneId }: Plan): string[] {
  const plain = regions.filter(({ clientCertificate }) => clientCertificate === null).map(({ code }) => code);
  const warnings: readonly (readonly [applies: boolean, text: string])[] = [
    [
      plain.length > 0,
      `${plain.length === regions.length ? 'all regions' : plain.join(', ')}: the load balancers speak plain TCP, so tokens and messages cross the Internet unencrypted; set clientTls, or certificateArn of each region`,
    ],
    [
      hostedZoneId === null && regions.some(({ clientCertificate }) => clientCertificate !== null && 'hosts' in clientCertificate),
      `${domain} must be delegated to the zone of the global stack before the first region is deployed, or its certificate waits`,
    ],
    [apart.length > 0, `${apart.join(', ')}: no stack joins these networks with the others; join them before messages cross regions`],
    [
      regions.some(({ amiId }) => amiId === null),
      'machine images are not pinned: each launch takes the newest Amazon Linux; set amiId in each region',
    ],
  ];
  return warnings.filter(([applies]) => applies).map(([, text]) => `${environment}: ${text}`);
}

function synthesizeApp(app: App) {
  try {
    return app.synth();
  } catch (cause) {
    throw new IrisError('SYNTH_FAILED', 'the templates break a rule of CloudFormation', { cause });
  }
}
