import type { SlotRouter } from '../contract/slot-map.ts';
import { homesOf } from '../contract/slot-map-moves.ts';
import type { HandoverProgress } from '../inbox/handovers.ts';
import type { Inboxes } from '../inbox/inboxes.ts';
import type { StoreCounts } from '../ports/inbox-store.ts';

/** What `GET /ownership` answers. */
export interface Ownership {
  readonly group: string;
  readonly slotMapVersion: number;
  readonly isMoving: boolean;
  /**
   * Everything that would be lost with this core’s store: shards, users still to hand over, inboxes, envelopes in outboxes, parked ones,
   * dead letters, and 1 each for a move under way that takes users from here and for a commit. At 0 the core may be stopped for good.
   */
  readonly owned: number;
  /** Shards of this group. */
  readonly shards: number;
  readonly inboxes: number;
  readonly inboxEnvelopes: number;
  /** Envelopes by the group that they are for. */
  readonly outboxes: Readonly<Record<string, number>>;
  /** Envelopes that wait for their predecessor. */
  readonly parked: number;
  readonly deadLetters: number;
  readonly handover: HandoverProgress;
}

export interface Owned {
  readonly router: SlotRouter;
  readonly group: string;
  readonly counts: StoreCounts;
  readonly inboxes: Inboxes;
}

export function ownershipOf({ router: { map }, group, counts, inboxes }: Owned): Ownership {
  const { handover } = inboxes;
  const shards = homesOf(map).filter((home) => home === group).length;
  const forOthers = Object.values(counts.outboxes).reduce((sum, envelopes) => sum + envelopes, 0);
  const deadLetters = inboxes.deadLetters.list.length;
  const underWay = Number(handover.isGiving) + Number(inboxes.commitQueueShare > 0) + Number(handover.straysLeft === null);
  const owned = shards + counts.inboxes + forOthers + counts.parked + deadLetters + (handover.usersToGive ?? 1) + underWay;
  return { group, slotMapVersion: map.version, isMoving: map.moving !== undefined, owned, shards, ...counts, deadLetters, handover };
}
