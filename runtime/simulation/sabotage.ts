import { isBucketName } from '../contract/bucket-name.ts';
import type { InboxStore, StoreBatch } from '../ports/inbox-store.ts';
import type { Ownership } from '../ports/ownership.ts';

/**
 * Bugs planted below the production code, to show that the judge finds them:
 * - `ack-before-commit`: the store says that it has what it has not yet (L1).
 * - `marks-lost`: no message is recognised as sent before (L2).
 * - `removals-lost`: what was acknowledged comes again (L2).
 * - `predecessors-lost`: an outbox forgets which message came before, so that nothing waits for it (L3).
 * - `epoch-check-lost`: an owner does not notice that its lease has run out and another owns its shards (L1, L10).
 * - `bucket-order`: a promoted user’s home chooses the bucket at random instead of by the sender. Order is put right by the predecessors, but
 *   a retry falls into a bucket that does not know its message (L2).
 * - `generation-order`: a bucket now and then says that it has been read to its end before it has, so that the next generation is read first (L3).
 * - `bridge-reorders`: an outbox is read in another order. Alone it breaks nothing, since predecessors put it right.
 */
export const SABOTAGES = [
  'ack-before-commit',
  'marks-lost',
  'removals-lost',
  'predecessors-lost',
  'epoch-check-lost',
  'bucket-order',
  'generation-order',
  'bridge-reorders',
] as const;
export type Sabotage = (typeof SABOTAGES)[number];

/** Byte of an envelope’s header at which its predecessor’s sequence stands, 8 bytes. */
const PREVIOUS_AT = 20;
const PREVIOUS_BYTES = 8;
/** Reads of buckets that have something, for each that finds nothing. */
const READS_PER_END = 8;

/** The store with the bugs in it, or the store itself without any. */
export function sabotaged(store: InboxStore, bugs: ReadonlySet<Sabotage>): InboxStore {
  if (bugs.size === 0) return store;
  let reads = 0;
  const originals = new WeakMap<StoreBatch, StoreBatch>();
  return replacing(store, {
    batch: () => {
      const batch = store.batch();
      const broken = replacing(batch, brokenBatch(batch, bugs));
      originals.set(broken, batch);
      return broken;
    },
    commit: (batch, options) => {
      const done = store.commit(originals.get(batch) ?? batch, options);
      if (!bugs.has('ack-before-commit')) return done;
      done.catch(() => undefined);
      return Promise.resolve();
    },
    ...(bugs.has('marks-lost') && { readMarks: async (keys) => keys.map(() => undefined) }),
    ...(bugs.has('generation-order') && {
      readInbox: async (inbox, bucket, after, limits) => {
        const page = await store.readInbox(inbox, bucket, after, limits);
        return isBucketName(inbox) && page.length > 0 && reads++ % READS_PER_END === 0 ? [] : page;
      },
    }),
    ...(bugs.has('bridge-reorders') && {
      readOutbox: async (group, position, limits) => {
        const page = await store.readOutbox(group, position, limits);
        return [...page.slice(0, -1).toReversed(), ...page.slice(-1)];
      },
    }),
  });
}

/** The way to a lease with the bug in it: what it gives counts as held for ever. */
export function sabotagedOwnership(
  make: (lost: (reason: string) => void) => Ownership,
  lost: (reason: string) => void,
  bugs: ReadonlySet<Sabotage>,
): Ownership {
  if (!bugs.has('epoch-check-lost')) return make(lost);
  const ownership = make(() => undefined);
  return {
    acquire: async () => {
      const acquired = await ownership.acquire();
      return acquired.kind === 'held' ? { kind: 'held', lease: replacing(acquired.lease, { isHeld: true }) } : acquired;
    },
  };
}

function brokenBatch(batch: StoreBatch, bugs: ReadonlySet<Sabotage>): Partial<StoreBatch> {
  return {
    ...(bugs.has('removals-lost') && { removeInbox: () => undefined, trimInbox: () => undefined }),
    ...(bugs.has('predecessors-lost') && {
      appendOutbox: (group, position, envelope) => {
        const forgetful = Buffer.from(envelope);
        forgetful.fill(0, PREVIOUS_AT, PREVIOUS_AT + PREVIOUS_BYTES);
        batch.appendOutbox(group, position, forgetful);
      },
    }),
  };
}

/** The object with some of its methods replaced; what is not named stays, whatever a port gains. */
function replacing<T extends object>(original: T, replaced: Partial<T>): T {
  return new Proxy(original, {
    get: (target, name) => {
      const value: unknown = Reflect.get(name in replaced ? replaced : target, name);
      return typeof value === 'function' ? (value.bind(name in replaced ? replaced : target) as unknown) : value;
    },
  });
}
