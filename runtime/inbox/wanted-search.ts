import { WANTED_RETRY_MS, WANTED_SEARCHES_MAX } from '../contract/limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { InboxStore } from '../ports/inbox-store.ts';
import { FIRST_BUCKET } from './reader-cursors.ts';
import type { StatusNote } from './status-ledger.ts';
import { searchWanted } from './wanted-places.ts';

/** Rows after `after` up to a cursor. */
export interface SearchSpan {
  readonly after: number;
  readonly cursor: { readonly position: number; readonly index: number };
}

export interface WantedSearchParts {
  readonly store: InboxStore;
  readonly clock: Clock;
  readonly user: Buffer;
  readonly isSelective: boolean;
  /** The store could not be read again and again: nobody is told then. */
  failed(error: unknown): void;
}

/** Looks into the store for whom acknowledgements of one reader concern, one after the other. */
export class WantedSearch {
  private readonly parts: WantedSearchParts;
  private running: Promise<void> | undefined;

  constructor(parts: WantedSearchParts) {
    this.parts = parts;
  }

  search(span: SearchSpan, found: (notes: readonly StatusNote[]) => void): void {
    this.enqueue((before) => before.then(() => this.find(span)).then(found));
  }

  /** What is looked for stays where it is until it is found. */
  private async find(span: SearchSpan): Promise<readonly StatusNote[]> {
    const { store, clock, user, isSelective } = this.parts;
    for (let tries = 1; ; tries++) {
      try {
        return await searchWanted(store, { user, bucket: FIRST_BUCKET, ...span, isSelective });
      } catch (error) {
        if (tries < WANTED_SEARCHES_MAX) await new Promise<void>((resolve) => void clock.after(WANTED_RETRY_MS, resolve));
        else {
          this.parts.failed(error);
          return [];
        }
      }
    }
  }

  /** Behind the searches under way: a later change may remove what one still has to see. */
  after(work: () => void): void {
    if (this.running === undefined) work();
    else this.enqueue((before) => before.then(work));
  }

  private enqueue(work: (before: Promise<void>) => Promise<void>): void {
    const running = work(this.running ?? Promise.resolve());
    this.running = running;
    void running.then(() => {
      if (this.running === running) this.running = undefined;
    });
  }
}
