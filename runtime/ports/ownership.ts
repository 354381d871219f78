/**
 * The right to serve a shard group, for one holder at a time (L10). Time is judged by each side’s own monotonic clock, so that no
 * setting of a clock makes two owners (F11): a holder stops before anyone else may begin.
 */
export interface Lease {
  /** Above every epoch in which the group was served before, for ever. */
  readonly epoch: number;
  /**
   * False from the moment at which another holder may begin, and then for good. Costs a look at the clock: ask before what must not be
   * done by two, and again after it, before anyone is told.
   */
  readonly isHeld: boolean;
  /** Gives the lease back, so that the next holder need not wait for its end. */
  release(): Promise<void>;
}

/** What asking for a lease came to. An outcome that is not known counts as not held. */
export type Acquisition =
  | { readonly kind: 'held'; readonly lease: Lease }
  /** Another holds it, or may. */
  | { readonly kind: 'waits'; readonly holder: string; readonly epoch: number };

/** Where the nodes of a group agree on who serves it: a file on the group’s volume, or a store’s compare-and-set. */
export interface Ownership {
  /** Tries once. Ask again after STANDBY_POLL_MS: an adapter learns from being asked how long a holder has been silent. */
  acquire(): Promise<Acquisition>;
}
