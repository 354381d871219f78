/** A2, A3: the pitfalls of RFC 8725, each as a token that must not get in. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { trustingAuthenticator } from '../../../runtime/adapters/authenticator-none.ts';
import { createTokenAuthenticator } from '../../../runtime/adapters/authenticator-token.ts';
import { claimsOf, confusedToken, newKeyPair, tokenOf, unsignedToken } from '../../servers/tokens.ts';

const folder = mkdtempSync(join(tmpdir(), 'iris-keys-'));
const keysPath = join(folder, 'keys.pem');
const [first, second, foreign] = [newKeyPair(), newKeyPair(), newKeyPair()];
writeFileSync(keysPath, `${first.publicPem}\n${second.publicPem}`);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const authenticator = createTokenAuthenticator({ issuer: 'https://login.example', audience: 'iris', keysPath });
const claims = claimsOf('alice', Date.now());
const HOUR = 3_600;
const signed = (changes: Record<string, unknown>) => tokenOf({ ...claims, ...changes }, first.privateKey);

it('lets a user in whose token any of the keys has signed, again and again', () => {
  for (const { privateKey } of [first, second, first])
    expect(() => authenticator.authenticate('alice', tokenOf(claims, privateKey))).not.toThrow();
  expect(() => authenticator.authenticate('alice', signed({ aud: ['other', 'iris'] }))).not.toThrow();
});

it.each<[string, string]>([
  ['no token', ''],
  ['garbage', 'garbage'],
  ['three parts of garbage', 'a.b.c'],
  ['binary', '\u0000\ufffd.\u0001.\u0002'],
  ['JSON that is no object', `${Buffer.from('1').toString('base64url')}.${Buffer.from('2').toString('base64url')}.x`],
  ['alg none', unsignedToken(claims)],
  ['alg None', unsignedToken(claims, 'None')],
  ['alg EdDSA without a signature', unsignedToken(claims, 'EdDSA')],
  ['HS256 with the public key as the secret', confusedToken(claims, first.publicPem)],
  ['a key of somebody else', tokenOf(claims, foreign.privateKey)],
  ['a key in the header', tokenOf(claims, foreign.privateKey, { alg: 'EdDSA', jwk: { kty: 'OKP', crv: 'Ed25519', x: 'AAAA' } })],
  ['a kid that is a path', tokenOf(claims, foreign.privateKey, { alg: 'EdDSA', kid: '../../dev/null' })],
  ['a signature of another token', `${signed({ sub: 'bob' }).split('.').slice(0, 2).join('.')}.${signed({}).split('.')[2]}`],
  ['no exp', signed({ exp: undefined })],
  ['no iat', signed({ iat: undefined })],
  ['no sub', signed({ sub: undefined })],
  ['no aud', signed({ aud: undefined })],
  ['no iss', signed({ iss: undefined })],
  ['another issuer', signed({ iss: 'https://login.example.evil' })],
  ['another audience', signed({ aud: 'iris-admin' })],
  ['another user', signed({ sub: 'bob' })],
  ['a sub that is no text', signed({ sub: ['alice'] })],
  ['expired', signed({ iat: claims.iat - 2 * HOUR, exp: claims.iat - 60 })],
  ['25 hours old', signed({ iat: claims.iat - 25 * HOUR, exp: claims.iat + HOUR })],
  ['from tomorrow, which would outlive its 24 hours', signed({ iat: claims.iat + 24 * HOUR, exp: claims.iat + 48 * HOUR })],
  ['not yet valid', signed({ nbf: claims.iat + HOUR })],
  ['an exp that is no number', signed({ exp: 'never' })],
  ['9 KB', signed({ filler: 'x'.repeat(9_000) })],
])('refuses a token with AUTHENTICATION_FAILED: %s', (_, token) => {
  expect(() => authenticator.authenticate('alice', token)).toThrow(expect.objectContaining({ code: 'AUTHENTICATION_FAILED' }));
});

it('refuses a name of broken UTF-8, which any other broken name would equal', () => {
  const user = Buffer.of(0xff).toString('utf8');
  expect(() => authenticator.authenticate(user, signed({ sub: user }))).toThrow(/not valid UTF-8/);
});

it('names no part of the token in its refusal', () => {
  const token = signed({ sub: 'bob' });
  for (const bad of [token, `${token}x`, confusedToken(claims, first.publicPem)]) {
    expect(() => authenticator.authenticate('alice', bad)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining(bad.split('.')[2] as string) }),
    );
  }
});

it('fails at the start on a key file that is missing, holds no public key, or a key of another kind', () => {
  const options = { issuer: 'i', audience: 'a' };
  const weak = join(folder, 'rsa.pem');
  writeFileSync(weak, generateKeyPairSync('rsa', { modulusLength: 1_024 }).publicKey.export({ type: 'spki', format: 'pem' }));
  const empty = join(folder, 'empty.pem');
  writeFileSync(empty, 'no key');
  for (const [path, message] of [
    [join(folder, 'absent.pem'), /cannot be read/],
    [empty, /hold no PEM public key/],
    [weak, /rsa.*Ed25519/],
  ] as const) {
    expect(() => createTokenAuthenticator({ ...options, keysPath: path })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) }),
    );
  }
});

it('believes every name where the environment asks for none', () => {
  expect(() => trustingAuthenticator.authenticate('anyone', '')).not.toThrow();
});
