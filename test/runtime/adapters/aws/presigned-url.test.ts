import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { machineCredentials } from '../../../../runtime/adapters/aws/machine-credentials.ts';
import { connectToken, tokenRefusal } from '../../../../runtime/adapters/kafka/iam-token.ts';

// As AWS’s own Python SDK (botocore’s SigV4QueryAuth) signs them at this moment.
const nowMs = Date.UTC(2026, 10, 21, 12, 34, 56);
const keys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const BEGINNING =
  'https://kafka.eu-central-1.amazonaws.com/?Action=kafka-cluster%3AConnect&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20261121%2Feu-central-1%2Fkafka-cluster%2Faws4_request&X-Amz-Date=20261121T123456Z&X-Amz-Expires=900';

it.each([
  [
    'a user',
    keys,
    `${BEGINNING}&X-Amz-SignedHeaders=host&X-Amz-Signature=f727b39289f15290e76a66b4852fb9cad6d8740d39a271298c4ec49ef27cfe93`,
  ],
  [
    'a role',
    { ...keys, sessionToken: 'IQoJb3JpZ2luX2VjEXAMPLE//token+with=chars' },
    `${BEGINNING}&X-Amz-Security-Token=IQoJb3JpZ2luX2VjEXAMPLE%2F%2Ftoken%2Bwith%3Dchars&X-Amz-SignedHeaders=host&X-Amz-Signature=56fec302731fe6ee2c086d6f08676031126a8eed07abb320276829fed9340e9b`,
  ],
])('MSK’s token is the URL that AWS’s SDK signs for %s (A17)', (_, credentials, url) => {
  const token = connectToken({ awsRegion: 'eu-central-1', credentials, nowMs });
  expect(token).not.toMatch(/[=+/]/);
  const signed = new URL(Buffer.from(token, 'base64url').toString());
  expect(signed.searchParams.get('User-Agent')).toBe('iris');
  signed.searchParams.delete('User-Agent');
  const fields = (text: string) => Object.fromEntries(new URL(text).searchParams);
  expect(fields(signed.href)).toEqual(fields(url));
  expect(signed.host).toBe('kafka.eu-central-1.amazonaws.com');
});

it('a token that is refused says so in an answer without an error code', () => {
  expect(tokenRefusal(Buffer.from('{"status":"invalid_token"}'))).toMatchObject({
    code: 'ENGINE_INVALID',
    message: expect.stringContaining('(invalid_token); allow the role'),
  });
  expect(tokenRefusal(Buffer.alloc(0))).toBeUndefined();
});

describe('keys of the machine’s role', () => {
  const role = { AccessKeyId: 'A', SecretAccessKey: 'S', Token: 'T' };
  const metadata =
    (document: object | undefined): RequestListener =>
    ({ method, url, headers }, response) => {
      if (method === 'PUT' && url === '/latest/api/token') return void response.end('token');
      if (headers['x-aws-ec2-metadata-token'] !== 'token') return void response.writeHead(401).end();
      if (document === undefined) return void response.writeHead(404).end();
      response.end(url?.endsWith('/node-role') ? JSON.stringify(document) : 'node-role');
    };
  async function asked(listener: RequestListener) {
    const server = createServer(listener).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    try {
      return await machineCredentials(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  }

  it('come from the metadata service, which wants a token first', async () => {
    expect(await asked(metadata(role))).toEqual({ accessKeyId: 'A', secretAccessKey: 'S', sessionToken: 'T' });
  });

  it('fail on a machine without a role, with keys not there yet, and where no service answers', async () => {
    await expect(asked(metadata(undefined))).rejects.toMatchObject({ code: 'ENGINE_INVALID', message: expect.stringContaining('a role') });
    await expect(asked(metadata({}))).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    await expect(machineCredentials('http://127.0.0.1:1')).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
  });
});
