import type { SlotRouter } from '../contract/slot-map.ts';

/** The slot map in force at this node. Whoever routes asks for `current` each time: a newer one may be published at any moment (F17). */
export interface SlotMaps {
  readonly current: SlotRouter;
  /** Hears each newer map, once `current` is it. */
  onChange(listener: (now: SlotRouter, before: SlotRouter) => void): void;
}

/** Where slot maps are published: a file, or a store behind a pointer. */
export interface SlotMapSource {
  /**
   * The published document when it may be another than at the last call, and at the first call; undefined when it is not.
   * Rejects with FILE_UNREADABLE.
   */
  poll(): Promise<unknown>;
}
