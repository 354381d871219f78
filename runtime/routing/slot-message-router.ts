import { IrisError } from '../contract/errors.ts';
import type { SlotRouter } from '../contract/slot-map.ts';
import type { Bus, Publication } from '../ports/bus.ts';
import type { MessageRouter } from '../ports/message-router.ts';
import type { SlotMaps } from '../ports/slot-maps.ts';

/** Routes by the slot map in force: to the owner in this region, else to one core here that keeps the outbox for the recipient’s group. */
export class SlotMessageRouter implements MessageRouter {
  private readonly slots: SlotMaps;
  private readonly bus: Bus;
  private readonly region: string;
  private localAddresses: readonly string[];

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
    });
  }

  /** Cores of this region, by link address. */
  get localCores(): readonly string[] {
    return this.localAddresses;
  }

  publish(publication: Publication): void {
    const { current } = this.slots;
    const shard = current.shardOf(publication.recipient);
    const home = current.homeOf(shard);
    // One shard always takes the same local core, so that its outbox keeps the order (L3).
    const address = home.region === this.region ? home.address : (this.localAddresses[shard % this.localAddresses.length] as string);
    this.bus.publish(address, publication);
  }

  ownerOf(user: Uint8Array): string {
    return this.slots.current.homeOfUser(user).address;
  }
}

function localAddresses({ map }: SlotRouter, region: string): string[] {
  return map.regions.find(({ code }) => code === region)?.groups.map((group) => group.address) ?? [];
}
