import type { StoredEnvelope, StoredMark } from './inbox-store.ts';

/** What the new owner of users asks the one before (docs/decisions/0011). */
export interface PullRequest {
  /** Of the slot map by which the asker owns them; the one before must have the same. */
  readonly version: number;
  /** `users`: who is left for the asker. `user`: what is kept of one. `done`: the asker has all of that one. */
  readonly kind: 'users' | 'user' | 'done';
  /** The asker’s. */
  readonly group: string;
  /** Empty for `users`. */
  readonly user: Buffer;
  /** Envelopes after this position are wanted. */
  readonly after: number;
  /** Marks the asker has already. */
  readonly marks: number;
}

export interface PulledMark {
  /** One byte a character. */
  readonly key: string;
  readonly mark: StoredMark;
}

/**
 * `later`: not by that map, or not yet. `kept`: the user never came here, so what the asker has is all there is, but for statuses of its messages.
 * `held`: a part of what is kept; nothing of it changes any more, so the next part may be asked for at any time.
 */
export interface PullAnswer {
  readonly kind: 'later' | 'kept' | 'held';
  /** Nothing follows. */
  readonly isLast: boolean;
  /** Above every position given out here, so that the user’s positions go on growing. */
  readonly nextPosition: number;
  /** 0 for unknown. */
  readonly lastSeenSeconds: number;
  readonly users: readonly Buffer[];
  readonly rows: readonly StoredEnvelope[];
  readonly marks: readonly PulledMark[];
  /** Kinds of RecordKind. */
  readonly records: readonly { readonly kind: number; readonly value: Buffer }[];
}

export const PULL_LATER: PullAnswer = {
  kind: 'later',
  isLast: false,
  nextPosition: 0,
  lastSeenSeconds: 0,
  users: [],
  rows: [],
  marks: [],
  records: [],
};

/** Asks owners for users. */
export interface HandoverPeers {
  /** Undefined when the owner does not answer within HANDOVER_TIMEOUT_MS. */
  pull(address: string, request: PullRequest): Promise<PullAnswer | undefined>;
}
