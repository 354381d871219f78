import { readFileSync } from 'node:fs';
import { errorLine, IrisError } from '../contract/errors.ts';

/** A part of the options of TLS connections. */
export interface TrustedAuthority {
  /** PEM, read as each connection is opened. */
  readonly ca: string;
}

const BEGIN = '-----BEGIN CERTIFICATE-----';

/**
 * Whom an engine’s certificates have to be signed by: the PEM file is read again for each connection, so that authorities change without a restart: both in the
 * file, then the new one alone. A file that cannot be used leaves the one before; where that trusts no longer, the connection’s error names the file.
 * @throws IrisError ENGINE_INVALID when it cannot be used at the start
 */
export function trustedAuthority(path: string): TrustedAuthority {
  let last = readAuthority(path);
  return {
    get ca() {
      try {
        last = readAuthority(path);
      } catch (error) {
        if (!(error instanceof IrisError)) throw error;
      }
      return last;
    },
  };
}

function readAuthority(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new IrisError('ENGINE_INVALID', `caPath: the certificate authority ${path} cannot be read: ${errorLine(cause)}`);
  }
  if (!text.includes(BEGIN)) throw new IrisError('ENGINE_INVALID', `caPath: the certificate authority ${path} is no PEM file`);
  return text;
}
