/** The few forms of DER (X.690) that a certificate is written in. */

export function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

export function set(...parts: readonly Buffer[]): Buffer {
  return tagged(0x31, Buffer.concat(parts));
}

/** A positive one. */
export function integer(bytes: Buffer): Buffer {
  return tagged(0x02, (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes);
}

export const TRUE = tagged(0x01, Buffer.of(0xff));

/** `1.2.840.10045.4.3.2` */
export function objectId(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  return tagged(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** `unused` bits at its end do not count. */
export function bitString(bytes: Buffer, unused = 0): Buffer {
  return tagged(0x03, Buffer.concat([Buffer.of(unused), bytes]));
}

export function octetString(bytes: Buffer): Buffer {
  return tagged(0x04, bytes);
}

export function utf8String(text: string): Buffer {
  return tagged(0x0c, Buffer.from(text, 'utf8'));
}

/** To the second, and before 2050. */
export function utcTime(ms: number): Buffer {
  const [date = '', time = ''] = new Date(ms).toISOString().split('T');
  return tagged(0x17, Buffer.from(`${date.replaceAll('-', '').slice(2)}${time.replaceAll(':', '').slice(0, 6)}Z`, 'latin1'));
}

/** A context-specific field: `constructed` holds other forms, else its bytes are the value. */
export function field(number: number, bytes: Buffer, { isConstructed }: { readonly isConstructed: boolean }): Buffer {
  return tagged((isConstructed ? 0xa0 : 0x80) + number, bytes);
}

function tagged(tag: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.of(tag), lengthOf(bytes.length), bytes]);
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length);
  return length < 0x100 ? Buffer.of(0x81, length) : Buffer.of(0x82, length >> 8, length & 0xff);
}

function base128(value: number): number[] {
  const digits = [value & 0x7f];
  for (let rest = value >> 7; rest > 0; rest >>= 7) digits.unshift((rest & 0x7f) | 0x80);
  return digits;
}
