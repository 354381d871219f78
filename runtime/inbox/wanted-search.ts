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
  readonly user: Buffer;
  readonly isSelective: boolean;
  /** The store could not be read: nobody is told then. */
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
    const { store, user, isSelective } = this.parts;
    const find = () => searchWanted(store, { user, bucket: FIRST_BUCKET, ...span, isSelective });
    const failed = (error: unknown) => {
      this.parts.failed(error);
      return [];
    };
    this.enqueue((before) => before.then(find).catch(failed).then(found));
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
