import type { SlotRouter } from '../contract/slot-map.ts';
import { homesOf } from '../contract/slot-map-moves.ts';
import type { HandoverProgress } from '../inbox/handovers.ts';

/** What `GET /ownership` answers. */
export interface Ownership {
  readonly group: string;
  readonly slotMapVersion: number;
  readonly isMoving: boolean;
  /** Shards of this group. A core without any, and with nobody to give away, may be stopped for good. */
  readonly shards: number;
  readonly handover: HandoverProgress;
}

export function ownershipOf({ map }: SlotRouter, group: string, handover: HandoverProgress): Ownership {
  const shards = homesOf(map).filter((home) => home === group).length;
  return { group, slotMapVersion: map.version, isMoving: map.moving !== undefined, shards, handover };
}
