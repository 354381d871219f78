import { Aws, Fn } from 'aws-cdk-lib/core';
import { addContentFile, type ContentFile } from '../../constructs/aws/content-file.ts';
import { NODE_CONFIG_ENDING } from '../../constructs/aws/node-config-store.ts';
import type { NodeRoleProps } from '../../constructs/aws/node-role.ts';
import { SLOT_MAP_ENDING } from '../../constructs/aws/slot-map-store.ts';
import { type BootScriptProps, bootScript } from '../../constructs/node/boot-script.ts';
import type { NodePackage } from '../package/node-package.ts';
import { ADMIN_PORT } from '../plan/names.ts';
import type { Plan } from '../plan/plan.ts';
import { configArnParameter, read } from './region-parameters.ts';
import type { IrisStack, RegionStackProps } from './region-stack.ts';

/** What both fleets need to start a node: user data, and the rights to read what it names. */
export interface NodeBoot {
  readonly userData: string;
  readonly parameters: NodeRoleProps['parameters'];
  readonly objects: NodeRoleProps['objects'];
  /** ARN of what AppConfig may tell it. */
  readonly configurationArn: string;
}

export interface NodeBootProps extends RegionStackProps {
  readonly nodePackage: NodePackage;
}

export interface NodeBootOptions {
  readonly role: 'edge' | 'core';
  readonly needsVolume?: boolean;
  readonly registerInZone?: string;
  readonly discoverablePort?: number;
  readonly engines?: NonNullable<BootScriptProps['engines']>;
}

/** Bucket names that the bootstrap gave to an account and a region (its default qualifier). */
const BOOTSTRAP_BUCKET = 'cdk-hnb659fds-assets';

export function nodeBoot(stack: IrisStack, { plan, region, nodePackage }: NodeBootProps, options: NodeBootOptions): NodeBoot {
  const runtime = addPackageFile(stack, 'runtime', 'tar', nodePackage.runtime);
  const node = addPackageFile(stack, 'node', 'gz', nodePackage.node);
  const { edgeConfigParameter, coreConfigParameter } = region.names;
  const nodeConfig = { name: options.role === 'edge' ? edgeConfigParameter : coreConfigParameter, awsRegion: region.awsRegion };
  const slotMap = { name: plan.names.slotMapParameter, awsRegion: plan.globalRegion };
  const publishedSlotMap = { name: plan.names.publishedSlotMapParameter, awsRegion: plan.globalRegion };
  const tokenKeys = options.role === 'edge' ? { name: plan.names.tokenKeysParameter, awsRegion: region.awsRegion } : undefined;
  return {
    userData: bootScript({
      ...options,
      ...(plan.config.limits.drainTimeoutMs === undefined ? {} : { drainTimeoutMs: plan.config.limits.drainTimeoutMs }),
      awsRegion: region.awsRegion,
      environment: plan.environment,
      region: region.code,
      adminPort: ADMIN_PORT,
      runtime,
      node,
      nodeConfig,
      configApplication: region.names.configApplication,
      slotMap: { ...slotMap, published: publishedSlotMap.name },
      ...(tokenKeys && { tokenKeys }),
    }),
    configurationArn: read(stack, configArnParameter(plan.environment, region.code, options.role), 'String'),
    parameters: [nodeConfig, slotMap, publishedSlotMap, ...(tokenKeys ? [tokenKeys] : [])],
    objects: [
      { bucket: runtime.bucket, key: runtime.key },
      { bucket: node.bucket, key: node.key },
      { bucket: runtime.bucket, key: `*.${NODE_CONFIG_ENDING}` },
      { bucket: `${BOOTSTRAP_BUCKET}-${Aws.ACCOUNT_ID}-${plan.globalRegion}`, key: `*.${SLOT_MAP_ENDING}` },
    ],
  };
}

/**
 * Id of the environment’s DNS zone: given, or the output of the global stack, which CloudFormation reads at deployment without
 * tying the stacks together.
 */
export function hostedZoneIdOf(plan: Plan): string {
  return plan.hostedZoneId ?? Fn.getStackOutput(plan.names.prefix, HOSTED_ZONE_OUTPUT, plan.globalRegion);
}

export const HOSTED_ZONE_OUTPUT = 'HostedZoneId';

function addPackageFile(stack: IrisStack, name: string, ending: string, file: { path: string; sha256: string }): ContentFile {
  return addContentFile(stack, {
    fileName: `${name}.${file.sha256.slice(0, 16)}.${ending}`,
    source: { path: file.path },
    sha256: file.sha256,
  });
}
