import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { bitString, field, integer, objectId, octetString, sequence, set, TRUE, utcTime, utf8String } from './der.ts';

export interface LocalCertificate {
  /** PEM of the authority that clients are told to believe. */
  readonly authority: string;
  /** PEM of the server’s certificate and of its private key. */
  readonly certificate: string;
  readonly key: string;
}

export interface LocalCertificateOptions {
  /** Host names and IPv4 addresses under which clients connect. */
  readonly hosts: readonly string[];
  readonly fromMs: number;
  readonly untilMs: number;
}

const ECDSA_SHA256 = sequence(objectId('1.2.840.10045.4.3.2'));
const COMMON_NAME = '2.5.4.3';
const SERVER_AUTHENTICATION = '1.3.6.1.5.5.7.3.1';
const EXTENSIONS = {
  subjectKey: '2.5.29.14',
  usage: '2.5.29.15',
  names: '2.5.29.17',
  authority: '2.5.29.19',
  authorityKey: '2.5.29.35',
  purpose: '2.5.29.37',
};
/** Bits of the key usage: digitalSignature; keyCertSign. */
const SIGNS_HANDSHAKES = bitString(Buffer.of(0x80), 7);
const SIGNS_CERTIFICATES = bitString(Buffer.of(0x04), 2);

/**
 * An authority of its own and one certificate by it, ECDSA P-256. The authority’s key is forgotten: whoever believes it believes this one
 * certificate. Node has no maker of certificates, and a laptop may have no openssl.
 */
export function makeLocalCertificate({ hosts, fromMs, untilMs }: LocalCertificateOptions): LocalCertificate {
  const authority = newKeys();
  const server = newKeys();
  const issuer = nameOf('Iris on this machine');
  const validity = sequence(utcTime(fromMs), utcTime(untilMs));
  const issued = { issuer, issuerKeys: authority, validity };
  const own = extension(EXTENSIONS.authority, sequence(TRUE), { isCritical: true });
  const alternatives = hosts.map((host) => field(isIPv4(host) ? 7 : 2, hostBytes(host), { isConstructed: false }));
  return {
    authority: certificate({
      ...issued,
      subject: issuer,
      keys: authority,
      extensions: [own, extension(EXTENSIONS.usage, SIGNS_CERTIFICATES, { isCritical: true })],
    }),
    certificate: certificate({
      ...issued,
      subject: nameOf(hosts[0] ?? 'iris'),
      keys: server,
      extensions: [
        extension(EXTENSIONS.usage, SIGNS_HANDSHAKES, { isCritical: true }),
        extension(EXTENSIONS.purpose, sequence(objectId(SERVER_AUTHENTICATION))),
        extension(EXTENSIONS.names, sequence(...alternatives)),
      ],
    }),
    key: server.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

interface Keys {
  readonly privateKey: KeyObject;
  /** SubjectPublicKeyInfo */
  readonly publicInfo: Buffer;
  readonly id: Buffer;
}

function newKeys(): Keys {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicInfo = publicKey.export({ type: 'spki', format: 'der' });
  return { privateKey, publicInfo, id: createHash('sha256').update(publicInfo).digest().subarray(0, 20) };
}

interface Contents {
  readonly issuer: Buffer;
  readonly issuerKeys: Keys;
  readonly validity: Buffer;
  readonly subject: Buffer;
  readonly keys: Keys;
  readonly extensions: readonly Buffer[];
}

/** RFC 5280, 4.1: version 3, serial number, algorithm, issuer, validity, subject, key, extensions; all of it signed. */
function certificate({ issuer, issuerKeys, validity, subject, keys, extensions }: Contents): string {
  const version = field(0, integer(Buffer.of(2)), { isConstructed: true });
  const serial = integer(Buffer.concat([Buffer.of(1), randomBytes(15)]));
  const keyIds = [
    extension(EXTENSIONS.subjectKey, octetString(keys.id)),
    extension(EXTENSIONS.authorityKey, sequence(field(0, issuerKeys.id, { isConstructed: false }))),
  ];
  const list = field(3, sequence(...extensions, ...keyIds), { isConstructed: true });
  const signed = sequence(version, serial, ECDSA_SHA256, issuer, validity, subject, keys.publicInfo, list);
  const signature = sign('sha256', signed, issuerKeys.privateKey);
  return pem(sequence(signed, ECDSA_SHA256, bitString(signature)));
}

function extension(id: string, value: Buffer, { isCritical = false } = {}): Buffer {
  return sequence(objectId(id), ...(isCritical ? [TRUE] : []), octetString(value));
}

function nameOf(text: string): Buffer {
  return sequence(set(sequence(objectId(COMMON_NAME), utf8String(text))));
}

function hostBytes(host: string): Buffer {
  return isIPv4(host) ? Buffer.from(host.split('.').map(Number)) : Buffer.from(host, 'latin1');
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
