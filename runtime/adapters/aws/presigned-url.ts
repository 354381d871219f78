import { createHash, createHmac } from 'node:crypto';

/** Keys of an AWS role or user. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of a role. */
  readonly sessionToken?: string;
}

export interface UrlToSign {
  readonly host: string;
  /** As AWS names it in signatures, such as kafka-cluster. */
  readonly service: string;
  readonly awsRegion: string;
  readonly query: Readonly<Record<string, string>>;
  readonly expiresSeconds: number;
  readonly credentials: AwsCredentials;
  readonly nowMs: number;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** A GET of `/` on the host that whoever has the URL may make until it expires: AWS’s Signature Version 4 in the query. */
export function presignedUrl({ host, service, awsRegion, query, expiresSeconds, credentials, nowMs }: UrlToSign): string {
  const time = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const scope = `${time.slice(0, 8)}/${awsRegion}/${service}/aws4_request`;
  const fields: Record<string, string> = {
    ...query,
    'X-Amz-Algorithm': ALGORITHM,
    'X-Amz-Credential': `${credentials.accessKeyId}/${scope}`,
    'X-Amz-Date': time,
    'X-Amz-Expires': String(expiresSeconds),
    'X-Amz-SignedHeaders': 'host',
    ...(credentials.sessionToken !== undefined && { 'X-Amz-Security-Token': credentials.sessionToken }),
  };
  const canonicalQuery = Object.keys(fields)
    .toSorted()
    .map((name) => `${encoded(name)}=${encoded(fields[name] as string)}`)
    .join('&');
  const request = ['GET', '/', canonicalQuery, `host:${host}`, '', 'host', sha256('')].join('\n');
  const key = [awsRegion, service, 'aws4_request'].reduce(
    (parent, part) => hmac(parent, part),
    hmac(`AWS4${credentials.secretAccessKey}`, time.slice(0, 8)),
  );
  const signature = hmac(key, [ALGORITHM, time, scope, sha256(request)].join('\n')).toString('hex');
  return `https://${host}/?${canonicalQuery}&X-Amz-Signature=${signature}`;
}

/** RFC 3986: everything but letters, digits and -._~ */
function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
