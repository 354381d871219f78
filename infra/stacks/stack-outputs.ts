import { Fn } from 'aws-cdk-lib/core';
import { accountRoles, roleArn } from '../plan/names.ts';
import type { Plan } from '../plan/plan.ts';

/** An output of a stack of the environment, wherever that stack is. */
export interface StackOutput {
  readonly stack: string;
  readonly output: string;
  readonly awsRegion: string;
  readonly account: string;
}

/**
 * An output’s value, which CloudFormation reads at deployment without tying the stacks together. Over accounts it takes the role that the other
 * account has for it.
 * @param reader account of the stack that reads it
 */
export function outputOf(plan: Pick<Plan, 'environment'>, reader: string, { stack, output, awsRegion, account }: StackOutput): string {
  const role = account === reader ? undefined : roleArn(account, accountRoles(plan.environment).outputs);
  return Fn.getStackOutput(stack, output, awsRegion, role);
}
