import type { Layout } from '../contract/layout.ts';
import type { AttachOptions, InboxCursor, InboxSubscriber, InboxSubscription, ReadMessages } from '../ports/inbox-feed.ts';
import type { ByteReader } from '../wire/byte-reader.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import { envelopeCount } from '../wire/envelope.ts';
import { encodeAttach, encodeCredit, encodeDetach, encodeLinkCursor, encodeRemove } from '../wire/link/attach.ts';
import { decodeLinkMessageStatus, encodeLinkRead, encodeLinkStatusQuery } from '../wire/link/message-status.ts';

/** Link version that knows statuses. */
const STATUS_VERSION = 2;

/** What a subscription needs of its link. */
export interface SubscriptionLink {
  /** The writer while the link is up; undefined while it is down, when only the state kept here counts. */
  controlWriter(): ByteWriter | undefined;
  readonly peerVersion: number;
  dropSubscription(attachment: number): void;
}

/** One session’s read of an inbox over a link. Remembers what was shown and acknowledged, so that a new link goes on from there. */
export class LinkSubscription implements InboxSubscription {
  private readonly link: SubscriptionLink;
  private readonly attachment: number;
  private readonly options: AttachOptions;
  private readonly subscriber: InboxSubscriber;
  /** One cursor per bucket, the latest. */
  private acknowledged: readonly InboxCursor[];
  private shown: readonly InboxCursor[] = [];
  private isFlushing = false;
  private isReplaced = false;
  private hasAttached = false;

  constructor(link: SubscriptionLink, attachment: number, options: AttachOptions, subscriber: InboxSubscriber) {
    this.link = link;
    this.attachment = attachment;
    this.options = options;
    this.subscriber = subscriber;
    this.acknowledged = options.cursors;
  }

  /** Asks the owner to push; on a new link, from where the last one broke. One that was taken over does not take the inbox back. */
  writeAttach(out: ByteWriter): void {
    if (this.isReplaced) return;
    encodeAttach(out, {
      attachment: this.attachment,
      isSelective: this.options.isSelective,
      isReattached: this.hasAttached || this.options.yieldsToLater === true,
      loginStamp: this.options.loginStamp,
      creditBytes: this.options.credit.creditBytes,
      user: this.options.user,
      acknowledged: this.acknowledged,
      shown: this.shown,
    });
    if (this.hasAttached) this.subscriber.resumed();
    this.hasAttached = true;
    if (this.isFlushing) encodeDetach(out, this.attachment, true);
  }

  /** The reader stands behind the attachment number of a PUSH. */
  pushed(reader: ByteReader): void {
    const bucket = reader.u32();
    const position = reader.u64();
    const firstIndex = reader.u16();
    const { buffer, at, end } = reader;
    this.shown = latest(this.shown, { bucket, position, index: envelopeCount(buffer, at) - 1 });
    this.subscriber.pushed({ bucket, position, firstIndex }, buffer, at, end);
  }

  laidOut(layout: Layout, readStamp: number): void {
    this.subscriber.laidOut(layout, readStamp);
  }

  caughtUp(isEnd: boolean): void {
    this.subscriber.caughtUp(isEnd);
  }

  ended(reason: 'replaced' | 'flushed'): void {
    this.isReplaced = reason === 'replaced';
    if (reason === 'flushed' || !this.options.isSelective) this.link.dropSubscription(this.attachment);
    this.subscriber.ended(reason);
  }

  grant(bytes: number): void {
    const out = this.link.controlWriter();
    if (out !== undefined) encodeCredit(out, this.attachment, bytes);
  }

  acknowledge(cursor: InboxCursor): void {
    this.acknowledged = latest(this.acknowledged, cursor);
    const out = this.link.controlWriter();
    if (out !== undefined) encodeLinkCursor(out, this.attachment, cursor);
  }

  remove(bucket: number, position: number): void {
    const out = this.link.controlWriter();
    if (out !== undefined) encodeRemove(out, this.attachment, bucket, position);
  }

  statusGrown(reader: ByteReader): void {
    this.subscriber.statusGrown(decodeLinkMessageStatus(reader));
  }

  markRead(messages: ReadMessages): void {
    if (this.link.peerVersion < STATUS_VERSION) return;
    const out = this.link.controlWriter();
    if (out !== undefined) encodeLinkRead(out, this.attachment, messages);
  }

  askStatus(device: Uint8Array, recipient: Uint8Array): void {
    if (this.link.peerVersion < STATUS_VERSION) return;
    const out = this.link.controlWriter();
    if (out !== undefined) encodeLinkStatusQuery(out, this.attachment, device, recipient);
  }

  detach({ flush }: { flush: boolean }): void {
    const out = this.link.controlWriter();
    if (out !== undefined) encodeDetach(out, this.attachment, flush);
    this.isFlushing = flush;
    if (!flush) this.link.dropSubscription(this.attachment);
  }
}

/** The list with this bucket’s cursor replaced. */
function latest(cursors: readonly InboxCursor[], cursor: InboxCursor): readonly InboxCursor[] {
  if (cursors.length === 0 || (cursors.length === 1 && cursors[0]?.bucket === cursor.bucket)) return [cursor];
  return [...cursors.filter((other) => other.bucket !== cursor.bucket), cursor];
}
