import { createRequire } from 'node:module';
import { App } from 'aws-cdk-lib/core';
import { IrisError } from '../../runtime/contract/errors.ts';
import type { Plan, RegionPlan } from '../plan/plan.ts';
import { AccountStack } from '../stacks/account-stack.ts';
import { AnycastStack } from '../stacks/anycast-stack.ts';
import { ConfigStack } from '../stacks/config-stack.ts';
import { CoreStack, coreStackGroups } from '../stacks/core-stack.ts';
import { BusStack, DirectoryStack, StoreStack } from '../stacks/data-stacks.ts';
import { EdgeStack } from '../stacks/edge-stack.ts';
import { GlobalStack } from '../stacks/global-stack.ts';
import { JoinStack } from '../stacks/join-stack.ts';
import { MediaStack } from '../stacks/media-stack.ts';
import { MonitorStack } from '../stacks/monitor-stack.ts';
import { NetworkStack } from '../stacks/network-stack.ts';
import type { NodeBootProps } from '../stacks/node-boot.ts';
import type { IrisStack } from '../stacks/region-stack.ts';
import { RoutingStack } from '../stacks/routing-stack.ts';

export interface AwsAppOptions {
  /** @default the folder that the CDK command line asks for */
  readonly outDir?: string;
  /**
   * Whether the library checks every template against its rules: 5 s, and 1 ms per resource.
   * @default what the CDK command line asks for, else true
   */
  readonly validate?: boolean;
}

/**
 * The CDK app of every environment, with the switches that make its output small and the same everywhere, whoever runs it: no tree, no
 * stack traces, no metadata, the library’s recommended behaviour.
 */
export function createAwsApp({ outDir, validate }: AwsAppOptions): App {
  return new App({
    ...(outDir === undefined ? {} : { outdir: outDir }),
    ...(validate === undefined ? {} : { builtinCloudFormationValidation: validate }),
    analyticsReporting: false,
    treeMetadata: false,
    stackTraces: false,
    postCliContext: featureFlags(),
  });
}

/** The library’s recommended flags, with rule violations as errors and references between stacks weak, and no metadata. */
export function featureFlags(): Record<string, unknown> {
  const recommended: Record<string, unknown> = createRequire(import.meta.url)('aws-cdk-lib/recommended-feature-flags.json');
  return {
    ...recommended,
    '@aws-cdk/core:defaultCrossStackReferences': 'weak',
    '@aws-cdk/core:validateAgainstDefaultRules': true,
    'aws:cdk:enable-path-metadata': false,
    'aws:cdk:enable-asset-metadata': false,
    'aws:cdk:disable-stack-trace': true,
    'aws:cdk:disable-creation-stack-traces': true,
  };
}

export interface AwsStacksOptions {
  readonly plan: Plan;
  readonly nodePackage: NodeBootProps['nodePackage'];
  /** Codes of the regions to make; each comes out the same whether others are made or not. @default all */
  readonly regions?: readonly string[];
}

/** What an app holds: names of its stacks, and the documents that nodes read. CDK dependencies stay inside a region. */
export interface AwsStacks {
  readonly globalStack: string;
  /** What each account lets the others do, where there are several. */
  readonly accountStacks: readonly string[];
  /** By region’s code, each in its order. */
  readonly regionStacks: Readonly<Record<string, readonly string[]>>;
  /** The same of regions that leave. */
  readonly leavingStacks: Readonly<Record<string, readonly string[]>>;
  /** What comes after every region: the joins of their networks, and geolocation records where Route 53 routes, and anycast. */
  readonly routingStacks: readonly string[];
  readonly nodeConfigs: readonly {
    readonly region: string;
    readonly role: 'edge' | 'core';
    readonly path: string;
    readonly sha256: string;
  }[];
  readonly slotMap: { readonly path: string; readonly sha256: string };
}

/** @throws IrisError SYNTH_FAILED for a local environment or an unknown region. */
export function addAwsStacks(app: App, { plan, nodePackage, regions }: AwsStacksOptions): AwsStacks {
  if (plan.runsIn === 'local') {
    throw new IrisError(
      'SYNTH_FAILED',
      `environment ${plan.environment} runs in 'local', which has no templates; start it with iris up, or set runsIn to 'cloud'`,
    );
  }
  const global = new GlobalStack(app, plan);
  const accounts = plan.accounts.map((account) => new AccountStack(app, plan, account));
  const chosen = chosenRegions(plan, regions);
  const made = chosen.map((region) => ({ region, code: region.code, ...addRegionStacks(app, { plan, region, nodePackage }) }));
  const namesOf = (some: readonly RegionPlan[]) =>
    Object.fromEntries(
      made.filter(({ code }) => some.some((region) => region.code === code)).map(({ code, stackNames }) => [code, stackNames]),
    );
  if (plan.regionJoin === 'cloud-wan') for (const { network } of made) dependOn(network, [global, ...accounts]);
  // A join reads the networks of all: it comes with the whole environment only.
  const joins = regions === undefined ? addJoins(app, plan, [...accounts, ...made.map(({ network }) => network)]) : [];
  const isRead = ({ region }: (typeof made)[number]) => region.accountZone !== null || plan.geoRouting.includes('anycast');
  const isLeaving = (code: string) => plan.leaving.some((region) => region.code === code);
  const routing = addRouting(app, plan, [global, ...accounts, ...made.filter(isRead).map(({ edge }) => edge)]);
  const { assemblyPath, sha256 } = global.slotMap.pointer.file;
  return {
    globalStack: global.stackName,
    accountStacks: accounts.map(({ stackName }) => stackName),
    regionStacks: namesOf(plan.regions),
    leavingStacks: Object.fromEntries(
      Object.entries(namesOf(plan.leaving)).map(([code, names]) => [
        code,
        [...names, ...joins.filter((join) => join.code === code).map(({ name }) => name)],
      ]),
    ),
    routingStacks: [...joins.filter(({ code }) => !isLeaving(code)).map(({ name }) => name), ...routing],
    nodeConfigs: made.flatMap(({ nodeConfigs }) => nodeConfigs),
    slotMap: { path: assemblyPath, sha256 },
  };
}

function dependOn(stack: IrisStack, earlier: readonly IrisStack[]): void {
  for (const one of earlier) stack.addStackDependency(one);
}

/** In the order of codes, each after the one before it and after what all of them read. */
function addJoins(app: App, plan: Plan, read: readonly IrisStack[]): { readonly code: string; readonly name: string }[] {
  let before: JoinStack | undefined;
  return plan.joins.map((join) => {
    const region = [...plan.regions, ...plan.leaving].find(({ code }) => code === join.code)!;
    const stack = new JoinStack(app, { plan, region, join });
    dependOn(stack, read);
    if (before !== undefined) stack.addStackDependency(before);
    before = stack;
    return { code: join.code, name: stack.stackName };
  });
}

/** Their records are in the zone that the global stack makes, and name load balancers that edge stacks make. */
function addRouting(app: App, plan: Plan, read: readonly IrisStack[]): string[] {
  const stacks = [
    ...(plan.geoRouting.includes('route53') ? [new RoutingStack(app, plan)] : []),
    ...(plan.geoRouting.includes('anycast') ? [new AnycastStack(app, plan)] : []),
  ];
  for (const stack of stacks) dependOn(stack, read);
  return stacks.map(({ stackName }) => stackName);
}

function chosenRegions(plan: Plan, codes: readonly string[] | undefined): readonly RegionPlan[] {
  const all = [...plan.regions, ...plan.leaving];
  if (codes === undefined) return all;
  const unknown = codes.find((code) => !all.some((region) => region.code === code));
  if (unknown !== undefined) {
    const known = all.map(({ code }) => code).join(', ');
    throw new IrisError('SYNTH_FAILED', `region '${unknown}' is not in ${plan.environment}, which has ${known}`);
  }
  return all.filter(({ code }) => codes.includes(code));
}

/** Dependencies stay inside the region: network, then data and config, then cores, then edges, then what watches them. */
function addRegionStacks(app: App, props: NodeBootProps) {
  const { region } = props;
  const network = new NetworkStack(app, props);
  const config = new ConfigStack(app, props);
  const data = [
    ...(region.bus ? [new BusStack(app, props, region.bus)] : []),
    ...(region.store ? [new StoreStack(app, props, region.store)] : []),
    ...(region.directory ? [new DirectoryStack(app, props, region.directory)] : []),
  ];
  for (const stack of data) stack.addStackDependency(network);
  const { media } = props.plan.config;
  const stores = media === undefined ? [] : [new MediaStack(app, props, media.signingKey)];
  const cores = coreStackGroups(props).map((groups, part) => new CoreStack(app, { ...props, groups, part }));
  const edge = new EdgeStack(app, props);
  for (const stack of [...cores, edge]) for (const earlier of [network, config]) stack.addStackDependency(earlier);
  const monitor = new MonitorStack(app, props);
  for (const stack of [...data, ...cores, edge]) monitor.addStackDependency(stack);
  const nodeConfigs = config.store.configs.map(({ role, pointer }) => ({
    region: region.code,
    role,
    path: pointer.file.assemblyPath,
    sha256: pointer.file.sha256,
  }));
  return {
    stackNames: [network, config, ...data, ...stores, ...cores, edge, monitor].map(({ stackName }) => stackName),
    nodeConfigs,
    network,
    edge,
  };
}
