import { IrisError } from '../contract/errors.ts';
import type { InboxStore } from '../ports/inbox-store.ts';

const READS = [
  'readInbox',
  'readOutbox',
  'outboxGroups',
  'readMarks',
  'readParked',
  'readLastSeen',
  'readRecord',
  'readRecords',
  'survey',
  'counts',
] as const satisfies readonly (keyof InboxStore)[];

/** Rejects those reads of the store, when they are done, for which `fails` holds. In its place: a proxy before it would cost every call. */
export function failReads(store: InboxStore, fails: () => boolean): void {
  for (const name of READS) {
    const read = Reflect.get(store, name) as (...args: unknown[]) => Promise<unknown>;
    const failing = async (...args: unknown[]): Promise<unknown> => {
      const answer = await read.apply(store, args);
      if (fails()) throw new IrisError('STORE_FAILED', 'the simulated store cannot be read');
      return answer;
    };
    Reflect.set(store, name, failing);
  }
}
