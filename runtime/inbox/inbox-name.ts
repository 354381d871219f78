import { NAMES_KEPT } from '../contract/limits.ts';
import { NameCache } from '../contract/name-cache.ts';
import { slotOf } from '../contract/phash2.ts';
import { entriesStart, recipientStart } from '../wire/envelope.ts';

/** An inbox with what every message to it asks of its name. */
export interface InboxName {
  readonly bytes: Buffer;
  /** One byte a character. */
  readonly text: string;
  readonly slot: number;
}

/** The names of inboxes that messages go to. */
export class InboxNames {
  private readonly names = new NameCache<InboxName>(NAMES_KEPT, (text) => {
    const bytes = Buffer.from(text, 'latin1');
    return { bytes, text, slot: slotOf(bytes) };
  });

  recipientOf(envelope: Buffer): InboxName {
    return this.names.of(envelope, recipientStart(envelope), entriesStart(envelope));
  }
}
