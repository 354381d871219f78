import { Aws } from 'aws-cdk-lib/core';
import { addContentFile, type ContentFile } from '../../constructs/aws/content-file.ts';
import { NODE_CONFIG_ENDING } from '../../constructs/aws/node-config-store.ts';
import type { NodeRoleProps, PolicyStatement } from '../../constructs/aws/node-role.ts';
import { SLOT_MAP_ENDING } from '../../constructs/aws/slot-map-store.ts';
import { type BootScriptProps, bootScript } from '../../constructs/node/boot-script.ts';
import type { NodePackage } from '../package/node-package.ts';
import { ADMIN_PORT, accountRoles, roleArn } from '../plan/names.ts';
import type { Plan, RegionPlan } from '../plan/plan.ts';
import { BOOTSTRAP_BUCKET } from './account-stack.ts';
import { configArnParameter, read } from './region-parameters.ts';
import type { IrisStack, RegionStackProps } from './region-stack.ts';
import { outputOf } from './stack-outputs.ts';

/** What both fleets need to start a node: user data, and the rights to read what it names. */
export interface NodeBoot {
  readonly userData: string;
  readonly parameters: NodeRoleProps['parameters'];
  readonly objects: NodeRoleProps['objects'];
  readonly statements: readonly PolicyStatement[];
  /** Of the node’s role, where another account has to know it. */
  readonly path?: string;
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

export function nodeBoot(stack: IrisStack, { plan, region, nodePackage }: NodeBootProps, options: NodeBootOptions): NodeBoot {
  const runtime = addPackageFile(stack, 'runtime', 'tar', nodePackage.runtime);
  const node = addPackageFile(stack, 'node', 'gz', nodePackage.node);
  const { edgeConfigParameter, coreConfigParameter } = region.names;
  const nodeConfig = { name: options.role === 'edge' ? edgeConfigParameter : coreConfigParameter, awsRegion: region.awsRegion };
  const { reading, ...slotMap } = slotMapAccess(plan, region);
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
      slotMap: reading,
      ...(tokenKeys && { tokenKeys }),
    }),
    configurationArn: read(stack, configArnParameter(plan.environment, region.code, options.role), 'String'),
    ...slotMap,
    parameters: [nodeConfig, ...slotMap.parameters, ...(tokenKeys ? [tokenKeys] : [])],
    objects: [
      { bucket: runtime.bucket, key: runtime.key },
      { bucket: node.bucket, key: node.key },
      { bucket: runtime.bucket, key: `*.${NODE_CONFIG_ENDING}` },
      ...slotMap.objects,
    ],
  };
}

/** How a node of a region reads the slot map: with its own role in the global account, elsewhere with the role that the global account has for it. */
function slotMapAccess(plan: Plan, { accountZone }: RegionPlan) {
  const awsRegion = plan.globalRegion;
  const { slotMapParameter: name, publishedSlotMapParameter: published } = plan.names;
  if (accountZone !== null) {
    const { slotMap, nodePath } = accountRoles(plan.environment);
    const role = roleArn(plan.globalAccount, slotMap);
    const statement: PolicyStatement = { Effect: 'Allow', Action: ['sts:AssumeRole'], Resource: role };
    return {
      reading: { name, awsRegion, published, roleArn: role },
      parameters: [],
      objects: [],
      statements: [statement],
      path: nodePath,
    };
  }
  return {
    reading: { name, awsRegion, published },
    parameters: [name, published].map((parameter) => ({ name: parameter, awsRegion })),
    objects: [{ bucket: `${BOOTSTRAP_BUCKET}-${Aws.ACCOUNT_ID}-${awsRegion}`, key: `*.${SLOT_MAP_ENDING}` }],
    statements: [],
  };
}

/** Id of the environment’s DNS zone: given, or the output of the global stack. Read by stacks of the global account only. */
export function hostedZoneIdOf(plan: Plan): string {
  const { globalRegion: awsRegion, globalAccount: account, names } = plan;
  return plan.hostedZoneId ?? outputOf(plan, account, { stack: names.prefix, output: HOSTED_ZONE_OUTPUT, awsRegion, account });
}

/** Id of the zone that holds a region’s own names: its account’s, or the environment’s. */
export function regionZoneIdOf(plan: Plan, { accountZone }: RegionPlan): string {
  return accountZone?.hostedZoneId ?? hostedZoneIdOf(plan);
}

export const HOSTED_ZONE_OUTPUT = 'HostedZoneId';

function addPackageFile(stack: IrisStack, name: string, ending: string, file: { path: string; sha256: string }): ContentFile {
  return addContentFile(stack, {
    fileName: `${name}.${file.sha256.slice(0, 16)}.${ending}`,
    source: { path: file.path },
    sha256: file.sha256,
  });
}
