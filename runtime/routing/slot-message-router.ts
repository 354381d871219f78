import { bucketOfSender } from '../contract/bucket-name.ts';
import { IrisError } from '../contract/errors.ts';
import { inboxesOf, type Layout } from '../contract/layout.ts';
import { LAYOUTS_REMEMBERED_MAX } from '../contract/limits.ts';
import type { SlotRouter } from '../contract/slot-map.ts';
import type { Bus, Publication } from '../ports/bus.ts';
import type { MessageRouter } from '../ports/message-router.ts';
import type { SlotMaps } from '../ports/slot-maps.ts';
import { APPEND_BUCKET } from '../wire/v2/send.ts';

/** Routes by the slot map in force: to the owner in this region, else to one core here that keeps the outbox for the recipient’s group. */
export class SlotMessageRouter implements MessageRouter {
  private readonly slots: SlotMaps;
  private readonly bus: Bus;
  private readonly region: string;
  private localAddresses: readonly string[];
  /** The buckets of promoted users this edge publishes to. */
  private readonly promoted = new Map<string, readonly Buffer[]>();

  /** @throws IrisError CONFIG_INVALID when the slot map does not know the region. */
  constructor(slots: SlotMaps, bus: Bus, region: string) {
    this.slots = slots;
    this.bus = bus;
    this.region = region;
    this.localAddresses = localAddresses(slots.current, region);
    if (this.localAddresses.length === 0) {
      const known = slots.current.map.regions.map((candidate) => candidate.code).join(', ');
      throw new IrisError('CONFIG_INVALID', `region ${region} is not in the slot map, which has ${known}`);
    }
    slots.onChange((now) => {
      // Without a core here there is nowhere to put messages: the old ones refuse them, each with its reason.
      const addresses = localAddresses(now, region);
      if (addresses.length > 0) this.localAddresses = addresses;
      // Buckets that only a given-up region knew are not to be written to again, however old this knowledge is.
      if (now.map.givenUp !== undefined) this.promoted.clear();
    });
  }

  /** Cores of this region, by link address. */
  get localCores(): readonly string[] {
    return this.localAddresses;
  }

  /** Where messages to a promoted user go; an empty layout: to the user’s home, which knows. */
  laidOut(user: Buffer, layout: Layout): void {
    const key = user.toString('latin1');
    this.promoted.delete(key);
    const current = layout.generations.at(-1);
    if (current === undefined || current.number === 0) return;
    this.promoted.set(key, inboxesOf(user, current));
    if (this.promoted.size <= LAYOUTS_REMEMBERED_MAX) return;
    for (const oldest of this.promoted.keys()) {
      this.promoted.delete(oldest);
      return;
    }
  }

  publish(publication: Publication): void {
    // Nobody promoted: no look-up (B6).
    if (this.promoted.size > 0) this.chooseBucket(publication);
    const { current } = this.slots;
    const shard = current.shardOf(publication.recipient);
    const home = current.homeOf(shard);
    // One shard always takes the same local core, so that its outbox keeps the order (L3).
    const address = home.region === this.region ? home.address : (this.localAddresses[shard % this.localAddresses.length] as string);
    this.bus.publish(address, publication);
  }

  private chooseBucket(publication: Publication): void {
    const buckets = this.promoted.get(publication.recipient.toString('latin1'));
    if (buckets === undefined) return;
    publication.recipient = buckets[bucketOfSender(publication.sender, buckets.length)] as Buffer;
    publication.flags |= APPEND_BUCKET;
  }

  ownerOf(user: Uint8Array): string {
    return this.slots.current.homeOfUser(user).address;
  }
}

/** Of the owners: who owns nothing is leaving, and its outbox has to become empty. All of a region that owns nothing. */
function localAddresses(router: SlotRouter, region: string): string[] {
  const listed = router.map.regions.find(({ code }) => code === region)?.groups ?? [];
  const owners = new Set(router.ownersIn(region).map(({ group }) => group));
  const leading = owners.size === 0 ? listed : listed.filter(({ id }) => owners.has(id));
  return leading.map((group) => group.address);
}
