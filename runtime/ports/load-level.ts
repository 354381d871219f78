/** What may give way under load, in the order in which it does; delivery is not among it. */
export type Sheddable = 'typing' | 'presence' | 'receipts';

/**
 * How loaded this node is: 0 calm; 1 sheds typing; 2 presence answers as well; 3 receipts as well, which wait and come together. Sends are
 * refused by the bounds of their queues only, whatever the level.
 */
export interface LoadLevel {
  readonly level: 0 | 1 | 2 | 3;
  /** True when this one thing is to be left out; counts it. */
  sheds(kind: Sheddable): boolean;
  /** Milliseconds after which a refused sender may try again: `baseMs` when calm, twice as long with each level. */
  retryAfterMs(baseMs: number): number;
}

/** Where nothing is measured. */
export const CALM: LoadLevel = { level: 0, sheds: () => false, retryAfterMs: (baseMs) => baseMs };
