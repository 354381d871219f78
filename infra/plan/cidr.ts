/** An IPv4 block: its first address as a number and the length of its prefix. */
export interface Cidr {
  readonly base: number;
  readonly prefix: number;
}

/** A byte or a prefix as AWS takes it: a leading zero would be octal to some readers. */
const NUMBER = '(0|[1-9]\\d{0,2})';
const CIDR = new RegExp(`^${NUMBER}\\.${NUMBER}\\.${NUMBER}\\.${NUMBER}/${NUMBER}$`);

/** Undefined for anything but four decimal bytes and a prefix of 0 to 32 without bits behind the prefix. */
export function parseCidr(text: string): Cidr | undefined {
  const match = CIDR.exec(text);
  if (match === null) return undefined;
  const [bytes, prefix] = [match.slice(1, 5).map(Number), Number(match[5])];
  if (prefix > 32 || bytes.some((byte) => byte > 255)) return undefined;
  const base = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  return base % addressesIn(prefix) === 0 ? { base, prefix } : undefined;
}

export function addressesIn(prefix: number): number {
  return 2 ** (32 - prefix);
}

export function formatCidr({ base, prefix }: Cidr): string {
  const bytes = [2 ** 24, 2 ** 16, 2 ** 8, 1].map((unit) => Math.floor(base / unit) % 256);
  return `${bytes.join('.')}/${prefix}`;
}

export function overlaps(a: Cidr, b: Cidr): boolean {
  return a.base < b.base + addressesIn(b.prefix) && b.base < a.base + addressesIn(a.prefix);
}

/** Block number `index` of the 2^bits equal blocks of a network. */
export function blockOf(network: Cidr, bits: number, index: number): Cidr {
  const prefix = network.prefix + bits;
  return { base: network.base + index * addressesIn(prefix), prefix };
}
