import { errorLine, IrisError } from '../../contract/errors.ts';
import { METADATA_TIMEOUT_MS } from '../../contract/limits.ts';
import type { AwsCredentials } from './presigned-url.ts';

/** Where EC2 answers its machines, version 2 only. */
const METADATA = 'http://169.254.169.254';
const ROLE = '/latest/meta-data/iam/security-credentials/';
/** Seconds for which the token of the questions counts. */
const TOKEN_SECONDS = '60';

/**
 * Keys of the role this machine has. EC2 renews them hours before they end, so nobody keeps them: each login asks.
 * @throws IrisError ENGINE_UNAVAILABLE where no metadata service answers; ENGINE_INVALID on a machine without a role.
 */
export async function machineCredentials(metadata: string = METADATA): Promise<AwsCredentials> {
  const token = await ask(`${metadata}/latest/api/token`, {
    method: 'PUT',
    headers: { 'x-aws-ec2-metadata-token-ttl-seconds': TOKEN_SECONDS },
  });
  const headers = { 'x-aws-ec2-metadata-token': token };
  const role = (await ask(`${metadata}${ROLE}`, { headers })).split('\n')[0] as string;
  const keys: unknown = JSON.parse(await ask(`${metadata}${ROLE}${role}`, { headers }));
  const { AccessKeyId, SecretAccessKey, Token } = keys as Record<string, string>;
  if (AccessKeyId === undefined || SecretAccessKey === undefined || Token === undefined) {
    throw new IrisError('ENGINE_UNAVAILABLE', `the machine’s role ${role} has no keys yet`);
  }
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: Token };
}

async function ask(url: string, init: RequestInit): Promise<string> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(METADATA_TIMEOUT_MS) }).catch((cause: unknown) => {
    throw new IrisError(
      'ENGINE_UNAVAILABLE',
      `no machine metadata at ${new URL(url).host}: ${errorLine(cause)}; an iam login needs an EC2 machine`,
    );
  });
  if (response.ok) return response.text();
  const answer = `${new URL(url).pathname} answers ${response.status}`;
  if (response.status === 404) throw new IrisError('ENGINE_INVALID', `machine metadata ${answer}; give the machine a role`);
  throw new IrisError('ENGINE_UNAVAILABLE', `machine metadata ${answer}`);
}
