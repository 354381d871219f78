import type { InboxStore } from '../ports/inbox-store.ts';
import type { Lease, Ownership } from '../ports/ownership.ts';
import type { StoreHearer } from '../servers/leased-core.ts';
import type { ProcessClock } from './virtual-time.ts';

/** A process that may own a group’s store. */
export interface StoreUser {
  readonly holder: string;
  readonly clock: ProcessClock;
}

/** A process’s way to the store. */
export interface StoreAccess {
  ownership(lost: (reason: string) => void): Ownership;
  openStore(lease: Lease, hearer: StoreHearer): Promise<InboxStore>;
}

/** What the cores of a group keep: it outlives processes, and faults befall it. */
export interface NodeStorage {
  access(user: StoreUser): StoreAccess;
  isCommitting(holder: string): boolean;
  isReading(holder: string): boolean;
  /** Nobody waits for its operations any more. */
  processEnded(holder: string): void;
  /** What was not synced is gone, or a part of it. No process uses it. */
  losePower(): void;
  /** Until then it has no room for more. */
  fillUntil(atMs: number): void;
  /** Until then everything takes long. */
  slowUntil(atMs: number): void;
  /** Its next writes or syncs fail, and what was to be synced may be gone; false where it has none that could. */
  failSome(): boolean;
  /** Nothing goes wrong with it by itself any more. */
  calm(): void;
  /** Changes one bit that was kept; undefined where there is none to change. `repair` puts it back, as a mirror’s copy would. */
  flip(): { repair(): void } | undefined;
}
