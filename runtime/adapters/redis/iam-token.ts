import { machineCredentials } from '../aws/machine-credentials.ts';
import { type AwsCredentials, presignedUrl } from '../aws/presigned-url.ts';

/** Seconds for which a token counts, of each connection that logs in with it. */
const EXPIRES_SECONDS = 900;

export interface IamLogin {
  readonly user: string;
  /** Of the replication group. */
  readonly cacheName: string;
  readonly awsRegion: string;
}

/** What ElastiCache takes as a password: a request to connect that the machine’s role has signed. @throws IrisError ENGINE_UNAVAILABLE, ENGINE_INVALID */
export async function iamToken(login: IamLogin): Promise<string> {
  return connectToken(login, { credentials: await machineCredentials(), nowMs: Date.now() });
}

export function connectToken(
  { user, cacheName, awsRegion }: IamLogin,
  { credentials, nowMs }: { readonly credentials: AwsCredentials; readonly nowMs: number },
): string {
  const url = presignedUrl({
    host: cacheName,
    service: 'elasticache',
    awsRegion,
    query: { Action: 'connect', User: user },
    expiresSeconds: EXPIRES_SECONDS,
    credentials,
    nowMs,
  });
  return url.slice('https://'.length);
}
