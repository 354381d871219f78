import { IrisError } from '../../contract/errors.ts';
import { machineCredentials } from '../aws/machine-credentials.ts';
import { type AwsCredentials, presignedUrl } from '../aws/presigned-url.ts';

/** Seconds for which a token counts; a connection logs in once, and again when the broker says. */
const EXPIRES_SECONDS = 900;

/** What MSK takes as a login: a request to connect that the machine’s role has signed. */
export async function iamToken(awsRegion: string): Promise<string> {
  return connectToken({ awsRegion, credentials: await machineCredentials(), nowMs: Date.now() });
}

export interface ConnectToken {
  readonly awsRegion: string;
  readonly credentials: AwsCredentials;
  readonly nowMs: number;
}

export function connectToken({ awsRegion, credentials, nowMs }: ConnectToken): string {
  const url = presignedUrl({
    host: `kafka.${awsRegion}.amazonaws.com`,
    service: 'kafka-cluster',
    awsRegion,
    query: { Action: 'kafka-cluster:Connect' },
    expiresSeconds: EXPIRES_SECONDS,
    credentials,
    nowMs,
  });
  return Buffer.from(`${url}&User-Agent=iris`).toString('base64url');
}

/** What a broker says of a token that it does not take: its first answer has no error code, only a JSON document (RFC 7628, 3.2.2). */
export function tokenRefusal(answer: Buffer): IrisError | undefined {
  if (answer.length === 0) return undefined;
  const status = /"status"\s*:\s*"([\w-]{1,40})"/.exec(answer.toString('latin1'))?.[1];
  if (status === undefined) return undefined;
  return new IrisError('ENGINE_INVALID', `it refuses the role’s login (${status}); allow the role kafka-cluster:Connect on this cluster`);
}
