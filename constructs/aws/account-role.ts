import { CfnRole } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { PolicyStatement } from './node-role.ts';

export interface AccountRoleProps {
  /** Others name the role by it before it is there; at most 64 characters, frozen. */
  readonly name: string;
  /** Accounts, 12 digits each, that may assume it; one at least. */
  readonly accounts: readonly string[];
  /** Which of their roles: a name with its path, such as `iris/proof/*`. */
  readonly roles: string;
  readonly statements: readonly PolicyStatement[];
}

/** Rights in this account for certain roles of other accounts, and for nobody else there. */
export class AccountRole extends Construct {
  readonly arn: string;

  constructor(scope: Construct, id: string, { name, accounts, roles, statements }: AccountRoleProps) {
    super(scope, id);
    const arns = accounts.map((account) => `arn:aws:iam::${account}`);
    this.arn = new CfnRole(this, 'Role', {
      roleName: name,
      assumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { AWS: arns.map((arn) => `${arn}:root`) },
            Action: 'sts:AssumeRole',
            Condition: { ArnLike: { 'aws:PrincipalArn': arns.map((arn) => `${arn}:role/${roles}`) } },
          },
        ],
      },
      policies: [{ policyName: 'rights', policyDocument: { Version: '2012-10-17', Statement: statements } }],
    }).attrArn;
  }
}
