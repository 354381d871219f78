/** Durability classes (L1) as SENT and APPENDED carry them. */
export const Durability = {
  /** In memory only. */
  D0: 0,
  /** Survives kill -9 of any process. */
  D1: 1,
  /** Survives power loss: fsync, group commit allowed. */
  D2: 2,
  /** D2 on a quorum. */
  D2q: 3,
} as const;

const NAMES = ['D0', 'D1', 'D2', 'D2q'] as const;
export type DurabilityName = (typeof NAMES)[number];

/** The class a number stands for; a number of a newer release counts as its weakest promise, D0. */
export function durabilityName(durability: number): DurabilityName {
  return NAMES[durability] ?? 'D0';
}
