import type { ByteWriter } from '../wire/byte-writer.ts';
import { Detached } from '../wire/link/attach.ts';
import type { LinkSubscription, SubscriptionLink } from './subscription.ts';

/** The reads over one link, by the number that the link has given each. */
export class LinkReads {
  private readonly link: SubscriptionLink;
  private readonly moved: (subscription: LinkSubscription) => void;
  private readonly subscriptions = new Map<number, LinkSubscription>();
  private nextAttachment = 1;

  /** `moved` hears of a read whose inbox lives elsewhere; it is bound to no link then. */
  constructor(link: SubscriptionLink, moved: (subscription: LinkSubscription) => void) {
    this.link = link;
    this.moved = moved;
  }

  get(attachment: number): LinkSubscription | undefined {
    return this.subscriptions.get(attachment);
  }

  all(): readonly LinkSubscription[] {
    return [...this.subscriptions.values()];
  }

  adopt(subscription: LinkSubscription): void {
    const attachment = this.nextAttachment++;
    this.subscriptions.set(attachment, subscription);
    subscription.bind(this.link, attachment);
    const out = this.link.controlWriter();
    if (out !== undefined) subscription.writeAttach(out);
  }

  drop(attachment: number): void {
    this.subscriptions.delete(attachment);
  }

  /** The link is up. */
  attachAll(out: ByteWriter): void {
    for (const subscription of this.subscriptions.values()) subscription.writeAttach(out);
  }

  detached(attachment: number, reason: number): void {
    const subscription = this.subscriptions.get(attachment);
    if (reason !== Detached.Moved) subscription?.ended(reason === Detached.Flushed ? 'flushed' : 'replaced');
    else if (subscription !== undefined) {
      subscription.unbind();
      this.moved(subscription);
    }
  }
}
