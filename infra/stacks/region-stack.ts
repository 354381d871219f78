import { DefaultStackSynthesizer, Stack } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import type { Plan, RegionPlan } from '../plan/plan.ts';

export interface IrisStackProps {
  readonly stackName: string;
  readonly awsRegion: string;
  /** 12 digits, or `current`. */
  readonly account: string;
  readonly description: string;
  /** True for what holds data or what much else stands on. */
  readonly isProtected: boolean;
}

/** A stack that names itself, asks AWS nothing at synthesis, and is the same template wherever it is made. */
export class IrisStack extends Stack {
  constructor(scope: Construct, props: IrisStackProps) {
    super(scope, props.stackName, {
      stackName: props.stackName,
      description: props.description,
      env: { region: props.awsRegion, ...(props.account === 'current' ? {} : { account: props.account }) },
      terminationProtection: props.isProtected,
      analyticsReporting: false,
      synthesizer: new DefaultStackSynthesizer(),
    });
  }

  /** Zones come from the plan as zone ids; CDK would look names up with credentials. */
  override get availabilityZones(): string[] {
    return [];
  }
}

/** What every stack of a region is made from. */
export interface RegionStackProps {
  readonly plan: Plan;
  readonly region: RegionPlan;
}

/** Properties of one stack of a region. */
export function regionStack({ region }: RegionStackProps, part: string, description: string, isProtected: boolean): IrisStackProps {
  return {
    stackName: `${region.names.prefix}-${part}`,
    awsRegion: region.awsRegion,
    account: region.account,
    description: `Iris ${region.code}: ${description}`,
    isProtected,
  };
}
