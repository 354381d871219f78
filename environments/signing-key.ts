import { createPublicKey, type KeyObject } from 'node:crypto';

const PEM = /^-----BEGIN PUBLIC KEY-----\n[A-Za-z0-9+/=\n]+-----END PUBLIC KEY-----\n?$/;
const RSA_BITS = 2_048;

/** Whether CloudFront takes this text for the key of a signed URL. */
export function isSigningKey(text: string): boolean {
  const key = PEM.test(text) ? readKey(text) : undefined;
  if (key === undefined) return false;
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
  return key.asymmetricKeyType === 'rsa' ? modulusLength === RSA_BITS : namedCurve === 'prime256v1';
}

/** Undefined for what looks like a key and is none. */
function readKey(text: string): KeyObject | undefined {
  try {
    return createPublicKey(text);
  } catch {
    return undefined;
  }
}
