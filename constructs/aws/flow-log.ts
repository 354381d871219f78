import { CfnFlowLog } from 'aws-cdk-lib/aws-ec2';
import { CfnRole } from 'aws-cdk-lib/aws-iam';
import { CfnLogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

export interface FlowLogProps {
  readonly vpcId: string;
  /**
   * Days the log is kept; one of CloudWatch's steps.
   * @default 30 - long enough to look back over one incident review
   */
  readonly retentionDays?: number;
}

/** Records refused traffic: accepted traffic of 100,000 connections would cost more than the nodes. */
export class FlowLog extends Construct {
  constructor(scope: Construct, id: string, props: FlowLogProps) {
    super(scope, id);
    const group = new CfnLogGroup(this, 'Group', { retentionInDays: props.retentionDays ?? 30 });
    const role = new CfnRole(this, 'Role', {
      assumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { Service: 'vpc-flow-logs.amazonaws.com' }, Action: 'sts:AssumeRole' }],
      },
      policies: [
        {
          policyName: 'write-flow-log',
          policyDocument: {
            Version: '2012-10-17',
            Statement: [
              {
                Effect: 'Allow',
                Action: ['logs:CreateLogStream', 'logs:DescribeLogStreams', 'logs:PutLogEvents'],
                Resource: group.attrArn,
              },
            ],
          },
        },
      ],
    });
    new CfnFlowLog(this, 'Log', {
      resourceId: props.vpcId,
      resourceType: 'VPC',
      trafficType: 'REJECT',
      logDestinationType: 'cloud-watch-logs',
      logDestination: group.attrArn,
      deliverLogsPermissionArn: role.attrArn,
    });
  }
}
