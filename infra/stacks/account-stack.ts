import { Aws } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { AccountRole } from '../../constructs/aws/account-role.ts';
import type { PolicyStatement } from '../../constructs/aws/node-role.ts';
import { SLOT_MAP_ENDING } from '../../constructs/aws/slot-map-store.ts';
import { accountRoles, accountStackName } from '../plan/names.ts';
import type { Plan } from '../plan/plan.ts';
import { IrisStack } from './region-stack.ts';

/** Names that the bootstrap gave (its default qualifier): buckets of an account and a region, and the role with which CloudFormation works. */
export const BOOTSTRAP_BUCKET = 'cdk-hnb659fds-assets';
const DEPLOYING_ROLES = 'cdk-hnb659fds-cfn-exec-role-*';

/**
 * What one account lets the others of its environment do: CloudFormation reads outputs of its stacks and accepts peerings with its networks; in the
 * global account, nodes read the slot map. Global in all but its place: each account that comes or goes changes it, regions do not.
 */
export class AccountStack extends IrisStack {
  constructor(scope: Construct, plan: Plan, account: string) {
    super(scope, {
      stackName: accountStackName(plan.environment, account),
      awsRegion: plan.globalRegion,
      account,
      description: `Iris ${plan.environment}: what the other accounts may do in this one`,
      isProtected: true,
    });
    const accounts = plan.accounts.filter((other) => other !== account);
    const names = accountRoles(plan.environment);
    const deploying = { accounts, roles: DEPLOYING_ROLES };
    new AccountRole(this, 'Outputs', { ...deploying, name: names.outputs, statements: [outputsStatement(plan)] });
    if (plan.regionJoin === 'peering')
      new AccountRole(this, 'Peering', { ...deploying, name: names.peering, statements: peeringStatements(accounts) });
    if (account === plan.globalAccount)
      new AccountRole(this, 'SlotMap', {
        accounts,
        roles: `${names.nodePath.slice(1)}*`,
        name: names.slotMap,
        statements: slotMapStatements(plan),
      });
  }
}

function outputsStatement({ environment }: Plan): PolicyStatement {
  return {
    Effect: 'Allow',
    Action: ['cloudformation:DescribeStacks'],
    Resource: `arn:${Aws.PARTITION}:cloudformation:*:${Aws.ACCOUNT_ID}:stack/iris-${environment}-*/*`,
  };
}

/** To any network of this account, since its id is made by AWS; from networks of the environment’s accounts only. */
function peeringStatements(accounts: readonly string[]): PolicyStatement[] {
  const arn = `arn:${Aws.PARTITION}:ec2:*:${Aws.ACCOUNT_ID}`;
  const Action = ['ec2:AcceptVpcPeeringConnection'];
  const from = accounts.map((account) => `arn:aws:ec2:*:${account}:vpc/*`);
  return [
    { Effect: 'Allow', Action, Resource: `${arn}:vpc/*` },
    { Effect: 'Allow', Action, Resource: `${arn}:vpc-peering-connection/*`, Condition: { ArnLike: { 'ec2:RequesterVpc': from } } },
  ];
}

function slotMapStatements({ globalRegion, names }: Plan): PolicyStatement[] {
  const parameters = [names.slotMapParameter, names.publishedSlotMapParameter];
  return [
    {
      Effect: 'Allow',
      Action: ['ssm:GetParameter', 'ssm:GetParameters'],
      Resource: parameters.map((name) => `arn:${Aws.PARTITION}:ssm:${globalRegion}:${Aws.ACCOUNT_ID}:parameter${name}`),
    },
    {
      Effect: 'Allow',
      Action: ['s3:GetObject'],
      Resource: `arn:${Aws.PARTITION}:s3:::${BOOTSTRAP_BUCKET}-${Aws.ACCOUNT_ID}-${globalRegion}/*.${SLOT_MAP_ENDING}`,
    },
  ];
}
