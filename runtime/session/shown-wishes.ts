import { V1_WISHES_MAX } from '../contract/limits.ts';
import type { ReadMessages } from '../ports/inbox-feed.ts';
import { envelopeDevice, envelopeSender, envelopeSequence } from '../wire/envelope.ts';
import { type MessageId, WHOLE_ENVELOPE } from '../wire/message-id.ts';

/** Envelopes shown to a v1 client whose senders want to hear that they were read: its receipts name ids, its senders’ owners sequences. */
export class ShownWishes {
  private readonly shown = new Map<string, { readonly device: Buffer; readonly sender: Buffer; readonly first: number }>();

  add(at: { bucket: number; position: number }, buffer: Buffer, start: number): void {
    if (this.shown.size >= V1_WISHES_MAX) {
      for (const oldest of this.shown.keys()) {
        this.shown.delete(oldest);
        break;
      }
    }
    const [device, sender] = [Buffer.from(envelopeDevice(buffer, start)), Buffer.from(envelopeSender(buffer, start))];
    this.shown.set(keyOf(at), { device, sender, first: envelopeSequence(buffer, start) });
  }

  /** Whom the reading of this message concerns; undefined when nobody asked, or too long ago. */
  of(id: MessageId): ReadMessages | undefined {
    const shown = this.shown.get(keyOf(id));
    if (shown === undefined) return undefined;
    const through = shown.first + (id.index === WHOLE_ENVELOPE ? 0 : id.index);
    return { device: shown.device, sender: shown.sender, sequences: [{ after: through - 1, through }] };
  }
}

function keyOf({ bucket, position }: { bucket: number; position: number }): string {
  return `${bucket} ${position}`;
}
