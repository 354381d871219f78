import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createVerifier, TokenError } from 'fast-jwt';
import { errorLine, IrisError } from '../contract/errors.ts';
import { TOKEN_BYTES_MAX } from '../contract/limits.ts';
import type { Authenticator } from '../ports/authenticator.ts';
import { systemClock } from './clock-system.ts';

export interface TokenAuthenticatorOptions {
  readonly issuer: string;
  readonly audience: string;
  /** PEM file with one or more Ed25519 public keys; any of them may have signed. */
  readonly keysPath: string;
}

/** Tokens may be this old at most, whatever their exp says (A3). */
const TOKEN_AGE_MAX_MS = 24 * 3_600_000;
const CLOCK_TOLERANCE_MS = 30_000;

/**
 * JWTs signed with EdDSA, and nothing else: exp, iat, sub, aud and iss are required and sub must be the user (L5, A2, A3).
 * @throws IrisError CONFIG_INVALID when the key file is missing, holds no public key, or one that is not Ed25519.
 */
export function createTokenAuthenticator(options: TokenAuthenticatorOptions): Authenticator {
  const verifiers = readKeys(options.keysPath).map((key) =>
    createVerifier({
      key,
      algorithms: ['EdDSA'],
      allowedIss: options.issuer,
      allowedAud: options.audience,
      requiredClaims: ['exp', 'iat', 'sub', 'aud', 'iss'],
      maxAge: TOKEN_AGE_MAX_MS,
      clockTolerance: CLOCK_TOLERANCE_MS,
      cache: 1_000,
    }),
  );
  return {
    authenticate(user, token) {
      if (token.length === 0) throw refused('no token; this environment asks for one');
      if (token.length > TOKEN_BYTES_MAX) throw refused(`token of ${token.length} bytes, limit is ${TOKEN_BYTES_MAX}`);
      if (user.includes('\ufffd')) throw refused('the user name is not valid UTF-8, so no token can name it');
      const { sub, iat } = claimsOf(verifiers, token);
      if (Number(iat) * 1_000 > systemClock.nowMs() + CLOCK_TOLERANCE_MS) throw refused('the token was issued in the future');
      if (sub !== user) throw refused('the token is for another user');
    },
  };
}

interface Claims {
  readonly sub?: unknown;
  readonly iat?: unknown;
}

type Verifier = (token: string) => Claims;

function claimsOf(verifiers: readonly Verifier[], token: string): Claims {
  let reason = 'the token is not valid';
  for (const verify of verifiers) {
    try {
      return verify(token);
    } catch (error) {
      if (!(error instanceof TokenError)) throw error;
      reason = `the token is refused: ${error.message}`;
    }
  }
  throw refused(reason);
}

function refused(reason: string): IrisError {
  return new IrisError('AUTHENTICATION_FAILED', reason);
}

function readKeys(path: string): string[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new IrisError('CONFIG_INVALID', `token keys ${path} cannot be read: ${errorLine(cause)}`);
  }
  const keys = text.match(/-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----/g);
  if (keys === null) throw new IrisError('CONFIG_INVALID', `token keys ${path} hold no PEM public key`);
  for (const key of keys) checkKey(path, key);
  return keys;
}

/** Tokens are signed with Ed25519; a key of another kind in the file is a mistake, and a weak one a danger (A3). */
function checkKey(path: string, pem: string): void {
  let type: string | undefined;
  try {
    type = createPublicKey(pem).asymmetricKeyType;
  } catch (cause) {
    throw new IrisError('CONFIG_INVALID', `token keys ${path} hold a public key that cannot be read: ${errorLine(cause)}`);
  }
  if (type !== 'ed25519') throw new IrisError('CONFIG_INVALID', `token keys ${path} hold a key of type ${type}, it must be Ed25519`);
}
