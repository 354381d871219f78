import { readFileSync } from 'node:fs';
import { createVerifier, TokenError } from 'fast-jwt';
import { errorLine, IrisError } from '../contract/errors.ts';
import { TOKEN_BYTES_MAX } from '../contract/limits.ts';
import type { Authenticator } from '../ports/authenticator.ts';

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
 * @throws IrisError CONFIG_INVALID when the key file is missing or holds no public key.
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
      const subject = subjectOf(verifiers, token);
      if (subject !== user) throw refused('the token is for another user');
    },
  };
}

type Verifier = (token: string) => { sub?: unknown };

function subjectOf(verifiers: readonly Verifier[], token: string): unknown {
  let reason = 'the token is not valid';
  for (const verify of verifiers) {
    try {
      return verify(token).sub;
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
  return keys;
}
