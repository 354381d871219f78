import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** A JWT as text, signed with EdDSA unless another way is named; nothing is checked, so that wrong ones can be made. */
export function tokenOf(claims: object, key: KeyObject, header: object = { alg: 'EdDSA', typ: 'JWT' }): string {
  const text = `${part(header)}.${part(claims)}`;
  return `${text}.${sign(null, Buffer.from(text), key).toString('base64url')}`;
}

/** `alg: none`: no signature at all. */
export function unsignedToken(claims: object, alg = 'none'): string {
  return `${part({ alg, typ: 'JWT' })}.${part(claims)}.`;
}

/** HS256 with the public key’s text as the secret: what a verifier that trusts the header’s alg would believe. */
export function confusedToken(claims: object, publicPem: string): string {
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${text}.${createHmac('sha256', publicPem).update(text).digest('base64url')}`;
}

export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicPem: string;
}

export function newKeyPair(): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { privateKey, publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString() };
}

/** Claims that are in order for `user` now. */
export function claimsOf(user: string, nowMs: number): { sub: string; iss: string; aud: string; iat: number; exp: number } {
  const now = Math.floor(nowMs / 1_000);
  return { sub: user, iss: 'https://login.example', aud: 'iris', iat: now, exp: now + 3_600 };
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
