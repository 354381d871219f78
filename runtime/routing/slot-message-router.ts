import { IrisError } from '../contract/errors.ts';
import type { SlotRouter } from '../contract/slot-map.ts';
import type { Bus, Publication } from '../ports/bus.ts';
import type { MessageRouter } from '../ports/message-router.ts';

/** Routes by the slot map: to the owner in this region, else to one core here that keeps the outbox for the recipient’s group. */
export class SlotMessageRouter implements MessageRouter {
  private readonly slots: SlotRouter;
  private readonly bus: Bus;
  private readonly region: string;
  private readonly localAddresses: readonly string[];

  /** @throws IrisError CONFIG_INVALID when the slot map does not know the region. */
  constructor(slots: SlotRouter, bus: Bus, region: string) {
    const local = slots.map.regions.find((candidate) => candidate.code === region);
    if (local === undefined) {
      const known = slots.map.regions.map((candidate) => candidate.code).join(', ');
      throw new IrisError('CONFIG_INVALID', `region ${region} is not in the slot map, which has ${known}`);
    }
    this.slots = slots;
    this.bus = bus;
    this.region = region;
    this.localAddresses = local.groups.map((group) => group.address);
  }

  /** Cores of this region, by link address. */
  get localCores(): readonly string[] {
    return this.localAddresses;
  }

  publish(publication: Publication): void {
    const shard = this.slots.shardOf(publication.recipient);
    const home = this.slots.homeOf(shard);
    // One shard always takes the same local core, so that its outbox keeps the order (L3).
    const address = home.region === this.region ? home.address : (this.localAddresses[shard % this.localAddresses.length] as string);
    this.bus.publish(address, publication);
  }

  ownerOf(user: Uint8Array): string {
    return this.slots.homeOf(this.slots.shardOf(user)).address;
  }
}
