import type { Change } from './change.ts';

/**
 * Resolves when the change is on the disk, however many commits that takes.
 * @throws IrisError STORE_FAILED when it cannot be decided and is dropped
 */
export function durably(change: (change: Change) => void, work: Omit<Change, 'done' | 'dropped' | 'isSynced'>): Promise<void> {
  return new Promise((done, dropped) => change({ ...work, done, dropped, isSynced: true }));
}
