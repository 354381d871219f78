import type { SlotRouter } from '../../runtime/contract/slot-map.ts';
import type { SlotMaps } from '../../runtime/ports/slot-maps.ts';

/** A slot map that a test changes by hand. */
export class FixedSlotMaps implements SlotMaps {
  current: SlotRouter;
  private readonly listeners: ((now: SlotRouter, before: SlotRouter) => void)[] = [];

  constructor(router: SlotRouter) {
    this.current = router;
  }

  onChange(listener: (now: SlotRouter, before: SlotRouter) => void): void {
    this.listeners.push(listener);
  }

  change(router: SlotRouter): void {
    const before = this.current;
    this.current = router;
    for (const listener of this.listeners) listener(router, before);
  }
}
