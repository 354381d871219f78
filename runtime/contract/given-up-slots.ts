import type { GivenUp } from './slot-map-schema.ts';

/**
 * Slots of regions that were given up while they were lost: what their users were sent before is not known, and whoever writes to them may still
 * name a predecessor from then, until the time that the map says.
 */
export class GivenUpSlots {
  private readonly untilMs: number;
  private readonly parts: readonly { readonly untilMs: number; readonly table: Uint16Array; readonly shards: ReadonlySet<number> }[];

  constructor(givenUp: readonly GivenUp[], tableOf: (map: Pick<GivenUp, 'shards' | 'overrides'>) => Uint16Array) {
    this.untilMs = Math.max(0, ...givenUp.map(({ untilMs }) => untilMs));
    this.parts = givenUp.map((one) => ({ untilMs: one.untilMs, table: tableOf(one), shards: shardsOf(one) }));
  }

  /** True while `has` holds for some. */
  isAny(nowMs: number): boolean {
    return nowMs < this.untilMs;
  }

  has(slot: number, nowMs: number): boolean {
    return this.parts.some(({ untilMs, table, shards }) => nowMs < untilMs && shards.has(table[slot] as number));
  }
}

function shardsOf({ lost }: GivenUp): Set<number> {
  return new Set(lost.flatMap(({ firstShard, shardCount }) => Array.from({ length: shardCount }, (_, i) => firstShard + i)));
}
