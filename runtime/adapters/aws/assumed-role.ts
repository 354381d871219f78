import { REGISTER_TIMEOUT_MS } from '../../contract/limits.ts';
import type { AwsCredentials } from './presigned-url.ts';

/** Who asks, in the trail of the account that has the role. */
const SESSION_NAME = 'iris';

/** Keys of a role, and when they end. */
export type RoleCredentials = AwsCredentials & { readonly expiration?: Date };

export interface AssumedRoleOptions {
  readonly roleArn: string;
  /** Whose Security Token Service is asked. */
  readonly awsRegion: string;
}

/**
 * Keys of a role, of another account as a rule, for the credentials that this process has; for an hour, and whoever holds a client of the SDK asks again
 * before they end.
 * @throws as the SDK does, with the role in the message where it is refused
 */
export async function assumedRole({ roleArn, awsRegion }: AssumedRoleOptions): Promise<RoleCredentials> {
  const { STSClient, AssumeRoleCommand } = await import('@aws-sdk/client-sts');
  const requestHandler = { connectionTimeout: REGISTER_TIMEOUT_MS, requestTimeout: REGISTER_TIMEOUT_MS };
  const client = new STSClient({ region: awsRegion, requestHandler, maxAttempts: 2 });
  try {
    const { Credentials } = await client.send(new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: SESSION_NAME }));
    const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '', Expiration } = Credentials ?? {};
    return {
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretAccessKey,
      sessionToken: SessionToken,
      ...(Expiration === undefined ? {} : { expiration: Expiration }),
    };
  } finally {
    client.destroy();
  }
}
