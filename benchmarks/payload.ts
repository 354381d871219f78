/**
 * Payload => sender:u32 number:u32 intendedMs:f64 filler check:u32      (big-endian)
 *
 * No two messages of a run are alike. `number` counts from 1 within a sender; `intendedMs` is when the message was to be sent, on the
 * generator’s clock; `check` depends on the first two and shows that they arrived whole.
 */
export const PAYLOAD_BYTES_MIN = 20;

export function fillPayload(body: Buffer, filler: number): void {
  for (let at = 16; at < body.length - 4; at++) body[at] = (at * 31 + filler) & 0xff;
}

export function stampPayload(body: Buffer, sender: number, number: number, intendedMs: number): void {
  body.writeUInt32BE(sender, 0);
  body.writeUInt32BE(number, 4);
  body.writeDoubleBE(intendedMs, 8);
  body.writeUInt32BE(checkOf(sender, number), body.length - 4);
}

/** True when the payload at `buffer[from … to)` is as its sender wrote it. */
export function isWhole(buffer: Buffer, from: number, to: number): boolean {
  return (
    to - from >= PAYLOAD_BYTES_MIN && buffer.readUInt32BE(to - 4) === checkOf(buffer.readUInt32BE(from), buffer.readUInt32BE(from + 4))
  );
}

function checkOf(sender: number, number: number): number {
  return (Math.imul(sender + 1, 0x9e37_79b1) ^ Math.imul(number, 0x85eb_ca6b)) >>> 0;
}
