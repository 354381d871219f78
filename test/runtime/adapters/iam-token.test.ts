/** 0045, A13: what ElastiCache is shown instead of a password. The signature itself: test/runtime/adapters/presigned-url. */
import { connectToken } from '../../../runtime/adapters/redis/iam-token.ts';

it('is the signed request to connect as that user to that replication group, without its scheme, for 15 minutes', () => {
  const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret', sessionToken: 'session/token' };
  const login = { user: 'iris-planet-tokyo-directory', cacheName: 'iris-planet-tokyo-directory', awsRegion: 'ap-northeast-1' };
  const token = connectToken(login, { credentials, nowMs: Date.UTC(2026, 10, 2, 9, 30) });
  const [host, query] = token.split('/?') as [string, string];
  const fields = Object.fromEntries(new URLSearchParams(query));
  expect(host).toBe('iris-planet-tokyo-directory');
  expect(fields).toMatchObject({
    Action: 'connect',
    User: 'iris-planet-tokyo-directory',
    'X-Amz-Credential': 'AKIDEXAMPLE/20261102/ap-northeast-1/elasticache/aws4_request',
    'X-Amz-Expires': '900',
    'X-Amz-Security-Token': 'session/token',
    'X-Amz-Signature': expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  expect(token).not.toContain('secret');
});
