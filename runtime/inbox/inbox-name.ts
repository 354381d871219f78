import { NAMES_KEPT } from '../contract/limits.ts';
import { NameCache } from '../contract/name-cache.ts';
import { slotOf } from '../contract/phash2.ts';
import { InboxHandle } from '../ports/inbox-store.ts';
import { entriesStart, recipientStart } from '../wire/envelope.ts';
import type { Destination } from './destination.ts';

/** An inbox with what every message to it asks of its name. */
export interface InboxName {
  readonly bytes: Buffer;
  /** One byte a character. */
  readonly text: string;
  readonly slot: number;
  readonly inbox: Destination;
}

/** The names of inboxes that messages go to. */
export class InboxNames {
  private readonly names = new NameCache<InboxName>(NAMES_KEPT, (text) => {
    const bytes = Buffer.from(text, 'latin1');
    return { bytes, text, slot: slotOf(bytes), inbox: { kind: 'inbox', handle: new InboxHandle(text) } };
  });

  recipientOf(envelope: Buffer): InboxName {
    return this.names.of(envelope, recipientStart(envelope), entriesStart(envelope));
  }
}
