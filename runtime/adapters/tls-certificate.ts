import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { errorLine, IrisError } from '../contract/errors.ts';

export interface CertificatePaths {
  /** PEM: the server’s certificate, then those between it and the authority that clients know. */
  readonly certificatePath: string;
  /** PEM: its private key, without a passphrase. */
  readonly keyPath: string;
}

/** What a server shows its clients. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  /** Milliseconds since 1970 from which on clients refuse it. */
  readonly expiresMs: number;
}

/** @throws IrisError CONFIG_INVALID for files that are not there, are no PEM, or do not belong together. */
export function readCertificate({ certificatePath, keyPath }: CertificatePaths): Certificate {
  const cert = readText('certificate', certificatePath);
  const key = readText('key', keyPath);
  try {
    createSecureContext({ cert, key });
    return { cert, key, expiresMs: Date.parse(new X509Certificate(cert).validTo) };
  } catch (cause) {
    throw new IrisError('CONFIG_INVALID', `TLS certificate ${certificatePath} with key ${keyPath} cannot be used: ${errorLine(cause)}`);
  }
}

function readText(what: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new IrisError('CONFIG_INVALID', `TLS ${what} ${path} cannot be read: ${errorLine(cause)}`);
  }
}
