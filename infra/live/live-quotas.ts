import type { QuotaNeed } from '../reports/limits/quota-needs.ts';
import { answerOf, loadSdk } from './aws-answers.ts';

/**
 * The needs with what each AWS region’s account really has; one without a code, or of another account than this, stays as it was. A quota that the
 * account has never changed is asked for among AWS’s defaults.
 * @throws IrisError AWS_REFUSED, PACKAGE_FAILED
 */
export async function withLiveQuotas(needs: readonly QuotaNeed[], account: string): Promise<QuotaNeed[]> {
  const sdk = await loadSdk('@aws-sdk/client-service-quotas', '3.1138.0', () => import('@aws-sdk/client-service-quotas'));
  const clients = new Map<string, InstanceType<typeof sdk.ServiceQuotasClient>>();
  const clientOf = (region: string) => {
    const client = clients.get(region) ?? new sdk.ServiceQuotasClient({ region });
    clients.set(region, client);
    return client;
  };
  const asked: QuotaNeed[] = [];
  // One after the other: Service Quotas takes few requests a second.
  for (const need of needs) {
    if (need.code === null || need.account !== account) {
      asked.push(need);
      continue;
    }
    const input = { ServiceCode: need.service, QuotaCode: need.code };
    const client = clientOf(need.awsRegion);
    const where = `in ${need.awsRegion}`;
    const own = await answerOf(`servicequotas:GetServiceQuota ${where}`, client.send(new sdk.GetServiceQuotaCommand(input)));
    const answer =
      own ??
      (await answerOf(`servicequotas:GetAWSDefaultServiceQuota ${where}`, client.send(new sdk.GetAWSDefaultServiceQuotaCommand(input))));
    const have = answer?.Quota?.Value;
    asked.push(have === undefined ? need : { ...need, have, source: 'live' });
  }
  return asked;
}
