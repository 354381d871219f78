import { GIVEN_UP_MS } from './limits.ts';
import { positionsBy } from './positions-by.ts';
import type { GivenUp } from './slot-map-schema.ts';

type SlotSet = Pick<GivenUp, 'shards' | 'overrides' | 'runs'>;
type Has = (slot: number) => boolean;

/**
 * Slots of regions that were given up while they were lost: what their users were sent before is not known to their owners elsewhere, and whoever writes
 * to them may still name a predecessor from then, until the time that the map says.
 */
export class GivenUpSlots {
  private readonly untilMs: number;
  private readonly parts: readonly { readonly region: string; readonly untilMs: number; readonly has: Has }[];

  constructor(givenUp: readonly GivenUp[], tableOf: (map: Pick<SlotSet, 'shards' | 'overrides'>) => Uint16Array) {
    this.untilMs = Math.max(0, ...givenUp.map(({ untilMs }) => untilMs));
    const hasOf = (set: SlotSet): Has => {
      const [table, shards] = [tableOf(set), shardsOf(set)];
      return (slot) => shards.has(table[slot] as number);
    };
    this.parts = givenUp.map(({ region, untilMs, returned = [], ...lost }) => {
      const [wasLost, ...areBack] = [lost, ...returned].map(hasOf) as [Has, ...Has[]];
      return { region, untilMs, has: (slot) => wasLost(slot) && !areBack.some((isBack) => isBack(slot)) };
    });
  }

  /** Above every position that one of the regions can have given out before it was given up; 0 without any. */
  get positionsFrom(): number {
    return this.untilMs === 0 ? 0 : positionsBy(this.untilMs - GIVEN_UP_MS);
  }

  /** True while `has` holds for some. */
  isAny(nowMs: number): boolean {
    return nowMs < this.untilMs;
  }

  has(slot: number, nowMs: number): boolean {
    return this.parts.some((part) => nowMs < part.untilMs && part.has(slot));
  }

  hasRegion(region: string): boolean {
    return this.parts.some((part) => part.region === region);
  }
}

function shardsOf({ runs }: SlotSet): Set<number> {
  return new Set(runs.flatMap(({ firstShard, shardCount }) => Array.from({ length: shardCount }, (_, i) => firstShard + i)));
}
