/** What must be in no template, document, bundle or log (A13), by what it looks like. */
const PATTERNS: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['an AWS access key', /\b(?:AKIA|ASIA)[A-Z2-7]{16}\b/],
  ['an AWS secret key', /aws_?secret_?access_?key["'\s:=]+[A-Za-z0-9/+]{40}\b/i],
  ['a private key', /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s*(?:\\n)?[A-Za-z0-9+/=]{20}/],
  ['a signed token', /\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{16,}/],
  [
    'a token of a code host or registry',
    /\b(?:gh[pousr]_[A-Za-z0-9]{36}|npm_[A-Za-z0-9]{36}|glpat-[A-Za-z0-9_-]{20}|xox[abp]-[A-Za-z0-9-]{10,})/,
  ],
  ['a password in an address', /\b[a-z][a-z0-9+.-]*:\/\/[^\s"'/:@$]+:[^\s"'/:@$]{3,}@/i],
  ['a password', /["']?\b(?:password|passwd|secret|authToken|apiKey)\b["']?\s*[:=]\s*["'][^"'$\s{}]{8,}["']/i],
];

/** Folders of a machine that no file of a release may name. */
const MACHINE_PATH = /["'\s=(](\/(?:home|root|Users|work|tmp|private|var\/folders)\/[A-Za-z0-9._-]+)/;

/** One line for each kind of secret in the text, without the secret. */
export function secretsIn(name: string, text: string): string[] {
  return PATTERNS.filter(([, pattern]) => pattern.test(text)).map(([what]) => `${name} holds ${what}`);
}

/** The first path of the machine that made the text. */
export function machinePathsIn(name: string, text: string): string[] {
  const path = MACHINE_PATH.exec(text)?.[1];
  return path === undefined ? [] : [`${name} names ${path}`];
}
