import { REATTACH_FIRST_MS, REATTACH_LAST_MS, STATUS_CACHE_MAX, STATUS_CACHE_MS } from '../contract/limits.ts';
import { hitPercent } from '../measure/hit-percent.ts';
import type { BucketOwners, BucketReport, MarkQuestion } from '../ports/bucket-owners.ts';
import type { Bus, Forwarding, Publication, Publisher } from '../ports/bus.ts';
import type { HandoverPeers, PullAnswer, PullRequest } from '../ports/handover.ts';
import type {
  AttachOptions,
  AudienceAnswer,
  AudienceChange,
  EphemeralKind,
  HandedOver,
  InboxFeed,
  InboxSubscriber,
  InboxSubscription,
  Reading,
  UserStatus,
} from '../ports/inbox-feed.ts';
import type { StoredMark } from '../ports/inbox-store.ts';
import type { PresenceFeed, PresenceWatch } from '../ports/presence.ts';
import { breakerCounters } from './link-admission.ts';
import { LinkClient, type LinkClientParts, type LinkParts } from './link-client.ts';
import { LinkWatch } from './link-watches.ts';
import { OwnerAddresses } from './owner-addresses.ts';
import { LinkSubscription } from './subscription.ts';

interface CachedStatus {
  readonly status: Promise<UserStatus | undefined>;
  readonly untilMs: number;
}

/** Every link of one node: the direct bus and the inbox feed of the embedded foundation. A link is made when it is first needed. */
export class LinkPool implements Bus, InboxFeed, BucketOwners, HandoverPeers, PresenceFeed {
  private readonly parts: LinkClientParts;
  /** Extra names for addresses: host:port → host:port. */
  private readonly addresses: Readonly<Record<string, string>>;
  private readonly links = new Map<string, LinkClient>();
  private readonly owners = new Map<string, OwnerAddresses>();
  private locate: ((user: Buffer) => string) | undefined;
  private readonly statuses = new Map<string, CachedStatus>();
  private readonly statusUse = { asked: 0, hits: 0 };

  constructor(parts: LinkParts, addresses: Readonly<Record<string, string>>) {
    const { telemetry } = parts;
    this.parts = { ...parts, moved: (subscription) => this.moved(subscription), watchMoved: (watch) => this.watchMoved(watch) };
    this.addresses = addresses;
    breakerCounters(telemetry);
    telemetry.gauge('iris_breakers_open', 'Owners to whom sends are refused at once', () => this.count((link) => link.isBreakerOpen));
    telemetry.gauge(
      'iris_status_cache_percent',
      'Statuses of users that were in memory, of those asked for since the last reading',
      hitPercent(() => this.statusUse),
    );
    telemetry.gauge('iris_link_queued_bytes', 'Bytes that wait for their owners’ answers', () => this.queuedBytes);
  }

  publish(address: string, publication: Publication): void {
    this.link(address).publish(publication);
  }

  forward(address: string, publisher: Publisher, forwarding: Forwarding): void {
    this.link(address).forward(publisher, forwarding);
  }

  forget(publisher: Publisher): void {
    for (const link of this.links.values()) link.forget(publisher);
  }

  /** Tells where users live, for reads that are sent elsewhere. */
  locateBy(locate: (user: Buffer) => string): void {
    this.locate = locate;
  }

  /** A newer slot map is in force: reads whose user moved go to the new owner, whether the old one is there to say so or not. */
  slotsChanged(slots: { isOwner(address: string): boolean }): void {
    for (const [address, owner] of this.owners) if (!slots.isOwner(address)) owner.forgetEpoch();
    for (const [address, link] of this.links) {
      for (const subscription of link.reads.all()) {
        if (this.locate === undefined || this.locate(subscription.user) === address) continue;
        subscription.leave();
        this.link(this.locate(subscription.user)).reads.adopt(subscription);
      }
      for (const watch of link.watches.all()) {
        if (this.locate === undefined || this.locate(watch.user) === address) continue;
        watch.leave();
        this.link(this.locate(watch.user)).watches.adopt(watch);
      }
    }
  }

  pull(address: string, request: PullRequest): Promise<PullAnswer | undefined> {
    return this.link(address).handovers.pull(request);
  }

  attach(options: AttachOptions, subscriber: InboxSubscriber): InboxSubscription {
    const subscription = new LinkSubscription(options, subscriber);
    this.link(options.address).reads.adopt(subscription);
    return subscription;
  }

  watchPresence(address: string, user: Buffer, hears: (status: UserStatus | undefined) => void): PresenceWatch {
    const watch = new LinkWatch(user, hears);
    this.link(address).watches.adopt(watch);
    return watch;
  }

  bucket(address: string, inbox: Buffer, options: { seal: boolean }): Promise<BucketReport | undefined> {
    return this.link(address).questions.bucket(inbox, options);
  }

  finalMarks(address: string, question: MarkQuestion): Promise<(StoredMark | undefined)[] | undefined> {
    return this.link(address).questions.finalMarks(question);
  }

  reading(address: string, user: Buffer, loginStamp: number): Promise<Reading | 'other' | 'unknown' | undefined> {
    return this.link(address).questions.reading(user, loginStamp);
  }

  hand(address: string, kind: EphemeralKind, envelope: Buffer, answer?: HandedOver): void {
    this.link(address).hand(kind, envelope, answer);
  }

  /** Answers up to STATUS_CACHE_MS old; concurrent questions about one user share one query (X10). */
  status(address: string, user: Buffer): Promise<UserStatus | undefined> {
    const now = this.parts.clock.monotonicMs();
    const key = user.toString('latin1');
    const cached = this.statuses.get(key);
    this.statusUse.asked++;
    if (cached !== undefined && cached.untilMs > now) {
      this.statusUse.hits++;
      return cached.status;
    }
    if (this.statuses.size >= STATUS_CACHE_MAX) this.statuses.clear();
    const status = this.link(address).status(user);
    this.statuses.set(key, { status, untilMs: now + STATUS_CACHE_MS });
    return status;
  }

  audience(address: string, user: Buffer, change?: AudienceChange): Promise<AudienceAnswer | undefined> {
    return this.link(address).questions.audience(user, change);
  }

  /** Share of its bounds that the fullest link has waiting. */
  get queueShare(): number {
    let share = 0;
    for (const link of this.links.values()) share = Math.max(share, link.queue.share);
    return share;
  }

  /** Bytes that wait for an answer, over all links. */
  get queuedBytes(): number {
    let sum = 0;
    for (const link of this.links.values()) sum += link.queue.queuedBytes;
    return sum;
  }

  /** Links that are up, and all of them. */
  counts(): { up: number; all: number } {
    return { up: this.count((link) => link.isUp), all: this.links.size };
  }

  /** Connects to these owners before anyone needs them. */
  warm(addresses: Iterable<string>): void {
    for (const address of addresses) this.link(address);
  }

  close(): void {
    for (const link of this.links.values()) link.close();
  }

  /** The owner may know a newer map than this node, or this node a newer one than the owner: soon they agree. */
  private moved(subscription: LinkSubscription): void {
    this.parts.clock.after(delayMs(subscription.movesInVain), () => {
      if (!subscription.isEnded && this.locate !== undefined) this.link(this.locate(subscription.user)).reads.adopt(subscription);
    });
  }

  private watchMoved(watch: LinkWatch): void {
    this.parts.clock.after(delayMs(watch.movesInVain), () => {
      if (!watch.isOver && this.locate !== undefined) this.link(this.locate(watch.user)).watches.adopt(watch);
    });
  }

  private count(isCounted: (link: LinkClient) => boolean): number {
    let count = 0;
    for (const link of this.links.values()) if (isCounted(link)) count++;
    return count;
  }

  private link(address: string): LinkClient {
    let link = this.links.get(address);
    if (link === undefined) {
      const nameOf = (one: string) => this.addresses[one] ?? one;
      const addresses = new OwnerAddresses(() => [address, ...this.parts.standbysOf(address)].map(nameOf));
      this.owners.set(address, addresses);
      link = new LinkClient(this.parts, nameOf(address), addresses);
      this.links.set(address, link);
    }
    return link;
  }
}

/** Milliseconds before an owner is looked for again, after so many that were the wrong one. */
function delayMs(movesInVain: number): number {
  return Math.min(REATTACH_FIRST_MS * 2 ** Math.min(movesInVain, 10), REATTACH_LAST_MS);
}
