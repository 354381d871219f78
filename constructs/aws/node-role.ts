import { CfnInstanceProfile, CfnRole } from 'aws-cdk-lib/aws-iam';
import { Aws } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { METRIC_NAMESPACE } from '../../runtime/contract/node-metrics.ts';

/** An IAM statement as CloudFormation writes it. */
export interface PolicyStatement {
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

export interface NodeRoleProps {
  /** SSM parameters the node reads. */
  readonly parameters: readonly { readonly awsRegion: string; readonly name: string }[];
  /** S3 objects the node reads; a key may hold `*`. */
  readonly objects: readonly { readonly bucket: string; readonly key: string }[];
  /** Auto Scaling groups whose leaving nodes answer their life-cycle hook; a name may hold `*`. */
  readonly fleetName: string;
  /** ARN of what AppConfig tells the node. @default none */
  readonly configurationArn?: string;
  /** Path of the role, by which other accounts can tell nodes from who else is there; begins and ends with `/`; frozen. @default / */
  readonly path?: string;
  /** Rights of one kind of node only. */
  readonly statements?: readonly PolicyStatement[];
}

/** What a node may do: read its own pointers and documents, publish its metrics, leave its group, and the few things its kind needs. No managed policy, no wildcard action. */
export class NodeRole extends Construct {
  readonly instanceProfileArn: string;

  constructor(scope: Construct, id: string, props: NodeRoleProps) {
    super(scope, id);
    const statements: PolicyStatement[] = [
      { Effect: 'Allow', Action: ['ssm:GetParameter', 'ssm:GetParameters'], Resource: props.parameters.map(parameterArn) },
      {
        Effect: 'Allow',
        Action: ['s3:GetObject'],
        Resource: props.objects.map(({ bucket, key }) => `arn:${Aws.PARTITION}:s3:::${bucket}/${key}`),
      },
      {
        Effect: 'Allow',
        Action: ['autoscaling:CompleteLifecycleAction', 'autoscaling:RecordLifecycleActionHeartbeat'],
        Resource: `arn:${Aws.PARTITION}:autoscaling:${Aws.REGION}:${Aws.ACCOUNT_ID}:autoScalingGroup:*:autoScalingGroupName/${props.fleetName}`,
      },
      // The action knows no resources; the namespace is what can be limited.
      {
        Effect: 'Allow',
        Action: ['cloudwatch:PutMetricData'],
        Resource: '*',
        Condition: { StringEquals: { 'cloudwatch:namespace': METRIC_NAMESPACE } },
      },
      ...(props.configurationArn === undefined ? [] : [configStatement(props.configurationArn)]),
      ...(props.statements ?? []),
    ];
    const role = new CfnRole(this, 'Role', {
      ...(props.path === undefined ? {} : { path: props.path }),
      assumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }],
      },
      policies: [{ policyName: 'node', policyDocument: { Version: '2012-10-17', Statement: statements } }],
    });
    this.instanceProfileArn = new CfnInstanceProfile(this, 'Profile', { roles: [role.ref] }).attrArn;
  }
}

function configStatement(configurationArn: string): PolicyStatement {
  return {
    Effect: 'Allow',
    Action: ['appconfig:StartConfigurationSession', 'appconfig:GetLatestConfiguration'],
    Resource: configurationArn,
  };
}

function parameterArn({ awsRegion, name }: { readonly awsRegion: string; readonly name: string }): string {
  return `arn:${Aws.PARTITION}:ssm:${awsRegion}:${Aws.ACCOUNT_ID}:parameter${name}`;
}
