import { App } from 'cdktf';
import type { Plan } from '../plan/plan.ts';
import { CloudflareStack } from '../stacks/cloudflare-stack.ts';

/** Writes the Terraform configuration of an environment’s Cloudflare routing, as `stacks/<name>/cdk.tf.json` below the folder. */
export function synthesizeCloudflare(plan: Plan, outDir: string): void {
  const app = new App({ outdir: outDir, skipValidation: true });
  new CloudflareStack(app, plan);
  app.synth();
}
