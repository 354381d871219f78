import { ByteWriter } from '../../runtime/wire/byte-writer.ts';
import { entriesStart, envelopeSender, forEachEntry, writeEnvelope } from '../../runtime/wire/envelope.ts';

export interface EnvelopeParts {
  readonly sender?: string;
  readonly recipient?: string;
  /** One byte, repeated eight times. */
  readonly device?: number;
  /** SEND’s. */
  readonly flags?: number;
  readonly sequence?: number;
  readonly previous?: number;
  readonly stamp?: number;
  readonly bodies?: readonly string[];
}

/** An envelope as an edge writes it; what is not named has a harmless value. */
export function envelopeOf(parts: EnvelopeParts): Buffer {
  const bodies = parts.bodies ?? ['hello'];
  const entries = new ByteWriter(64);
  for (const body of bodies) entries.bytes16(Buffer.from(body));
  const bytes = entries.take();
  const out = new ByteWriter(64);
  const header = {
    flags: parts.flags ?? 0,
    count: bodies.length,
    stamp: parts.stamp ?? 1,
    sequence: parts.sequence ?? 1,
    previous: parts.previous ?? 0,
    device: Buffer.alloc(8, parts.device ?? 1),
    sender: Buffer.from(parts.sender ?? 'alice'),
    recipient: Buffer.from(parts.recipient ?? 'bob'),
  };
  writeEnvelope(out, header, bytes, 0, bytes.length);
  return out.take();
}

/** The messages in an envelope, as text. */
export function bodiesOf(envelope: Buffer): string[] {
  const bodies: string[] = [];
  forEachEntry(envelope, entriesStart(envelope), envelope.length, (from, to) => bodies.push(envelope.toString('utf8', from, to)));
  return bodies;
}

export function senderOf(envelope: Buffer): string {
  return envelopeSender(envelope).toString('utf8');
}
