import {
  CfnApplication,
  CfnConfigurationProfile,
  CfnDeployment,
  CfnDeploymentStrategy,
  CfnEnvironment,
  CfnHostedConfigurationVersion,
} from 'aws-cdk-lib/aws-appconfig';
import { CfnRole } from 'aws-cdk-lib/aws-iam';
import { Aws, Duration, Stack } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { expectRange } from './known-props.ts';
import type { PointedDocument } from './pointed-document.ts';

/** Per cent of the nodes that get a new config at each step. */
const STEP_PERCENT = 20;

const ALARMS_MAX = 5;

/** What AppConfig takes for a pointer; anything else never reaches a node. */
const POINTER_SCHEMA = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  type: 'object',
  required: ['bucket', 'key', 'sha256'],
  additionalProperties: false,
  properties: {
    bucket: { type: 'string', minLength: 3 },
    key: { type: 'string', minLength: 1 },
    sha256: { type: 'string', pattern: '^[0-9a-f]{64}$' },
  },
};

export interface ConfigRolloutProps {
  /** Name of the AppConfig application, at most 64 characters; a node’s boot script knows it. */
  readonly name: string;
  /** One environment and profile for each, both named after the role; they are rolled out one after another. */
  readonly documents: readonly { readonly role: string; readonly pointer: PointedDocument }[];
  /** ARNs of alarms that roll a deployment back while it runs and bakes; at most 5. */
  readonly alarmArns: readonly string[];
  /** From the first fifth of the nodes to the last. @default Duration.minutes(20) - each fifth has asked and restarted before the next */
  readonly duration?: Duration;
  /** How long the last fifth is watched. @default Duration.minutes(10) - two periods of asking */
  readonly bake?: Duration;
}

/**
 * New configs for running nodes, a fifth of them at a time, taken back from all by an alarm (X9). What is rolled out is the pointer; the
 * parameter with the same pointer, from which new nodes begin, moves only after the rollout has ended well.
 */
export class ConfigRollout extends Construct {
  /** What a node’s role must name to ask, by role. */
  readonly configurationArns: ReadonlyMap<string, string>;

  /** @throws IrisError SYNTH_FAILED for more alarms than AppConfig watches. */
  constructor(scope: Construct, id: string, props: ConfigRolloutProps) {
    super(scope, id);
    expectRange(`number of alarms of rollout ${props.name}`, props.alarmArns.length, { min: 0, max: ALARMS_MAX });
    const application = new CfnApplication(this, 'Application', { name: props.name }).ref;
    const strategy = new CfnDeploymentStrategy(this, 'Strategy', {
      name: props.name,
      growthType: 'LINEAR',
      growthFactor: STEP_PERCENT,
      deploymentDurationInMinutes: (props.duration ?? Duration.minutes(20)).toMinutes(),
      finalBakeTimeInMinutes: (props.bake ?? Duration.minutes(10)).toMinutes(),
      replicateTo: 'NONE',
    }).ref;
    const monitors = this.monitorsOf(props.alarmArns);
    const arns = new Map<string, string>();
    let earlier: CfnDeployment | undefined;
    for (const { role, pointer } of props.documents) {
      const place = { applicationId: application, name: role };
      const environment = new CfnEnvironment(this, `Environment-${role}`, { ...place, monitors }).ref;
      const profile = new CfnConfigurationProfile(this, `Profile-${role}`, {
        ...place,
        locationUri: 'hosted',
        type: 'AWS.Freeform',
        validators: [{ type: 'JSON_SCHEMA', content: JSON.stringify(POINTER_SCHEMA) }],
      }).ref;
      const version = new CfnHostedConfigurationVersion(this, `Version-${role}`, {
        applicationId: application,
        configurationProfileId: profile,
        content: pointer.value,
        contentType: 'application/json',
      });
      const deployment = new CfnDeployment(this, `Deployment-${role}`, {
        applicationId: application,
        environmentId: environment,
        configurationProfileId: profile,
        configurationVersion: version.ref,
        deploymentStrategyId: strategy,
      });
      if (earlier !== undefined) deployment.addResourceDependency(earlier);
      earlier = deployment;
      pointer.moveAfter(deployment);
      arns.set(role, configurationArn(this, { application, environment, profile }));
    }
    this.configurationArns = arns;
  }

  private monitorsOf(alarmArns: readonly string[]): CfnEnvironment.MonitorsProperty[] {
    if (alarmArns.length === 0) return [];
    const role = new CfnRole(this, 'MonitorRole', {
      assumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { Service: 'appconfig.amazonaws.com' }, Action: 'sts:AssumeRole' }],
      },
      policies: [
        {
          policyName: 'alarms',
          policyDocument: {
            Version: '2012-10-17',
            Statement: [{ Effect: 'Allow', Action: ['cloudwatch:DescribeAlarms'], Resource: [...alarmArns] }],
          },
        },
      ],
    });
    return alarmArns.map((alarmArn) => ({ alarmArn, alarmRoleArn: role.attrArn }));
  }
}

function configurationArn(scope: Construct, ids: { application: string; environment: string; profile: string }): string {
  const place = `arn:${Aws.PARTITION}:appconfig:${Stack.of(scope).region}:${Aws.ACCOUNT_ID}`;
  return `${place}:application/${ids.application}/environment/${ids.environment}/configuration/${ids.profile}`;
}
