import type { InboxStore } from '../ports/inbox-store.ts';
import type { ProcessClock } from './virtual-time.ts';

/** A process that opens a store. */
export interface StoreUser {
  readonly holder: string;
  readonly clock: ProcessClock;
  /** The process has to end and be started anew: its disk or its lease is gone. */
  end(reason: string): void;
}

export interface OpenedStore {
  readonly store: InboxStore;
  /** Of the lease under which it is held; undefined where nothing is leased. */
  readonly epoch: number | undefined;
}

/** What a core’s machine keeps: it outlives processes, and faults befall it. */
export interface NodeStorage {
  /** Resolves when the process has the store for itself. */
  open(user: StoreUser): Promise<OpenedStore>;
  readonly isCommitting: boolean;
  readonly isReading: boolean;
  /** Nobody waits for its operations any more. */
  processEnded(): void;
  /** What was not synced is gone, or a part of it. */
  losePower(): void;
  /** Until then it has no room for more. */
  fillUntil(atMs: number): void;
  /** Until then everything takes long. */
  slowUntil(atMs: number): void;
  /** Changes one bit that was kept; undefined where there is none to change. `repair` puts it back, as a mirror’s copy would. */
  flip(): { repair(): void } | undefined;
}
