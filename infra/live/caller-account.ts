import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { Plan } from '../plan/plan.ts';
import { answerOf } from './aws-answers.ts';

/**
 * The account that the credentials at hand are for, as the plan names it: `current` where it has no number, which is not asked for then.
 * @throws IrisError AWS_REFUSED
 */
export async function callerAccount({ globalAccount }: Pick<Plan, 'globalAccount'>): Promise<string> {
  if (globalAccount === 'current') return globalAccount;
  const client = new STSClient({ region: 'us-east-1' });
  const answer = await answerOf('sts:GetCallerIdentity', client.send(new GetCallerIdentityCommand({})));
  return answer?.Account ?? '';
}
