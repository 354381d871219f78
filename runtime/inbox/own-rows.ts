import { PAGE_BYTES_MAX, PAGE_ENVELOPES_MAX } from '../contract/limits.ts';
import type { InboxStore } from '../ports/inbox-store.ts';
import { envelopeSequence, markKeyOf, skipEntries } from '../wire/envelope.ts';
import type { Change } from './change.ts';
import { INBOX } from './destination.ts';
import { durably } from './durable-change.ts';

export interface OwnRowsParts {
  readonly store: InboxStore;
  readonly change: (change: Change) => void;
}

const PAGE = { envelopesMax: PAGE_ENVELOPES_MAX, bytesMax: PAGE_BYTES_MAX };

/**
 * Before a user is fetched: what this core has taken for the user by a map since replaced waits aside like what comes meanwhile. A core that missed the maps by which
 * the user left and came back is its owner by its own map in between, and has acknowledged it (L1). What the former owner has too is then dropped as a
 * duplicate, by the marks that come with the user.
 */
export async function holdOwnRows({ store, change }: OwnRowsParts, user: Buffer, isWanted: () => boolean): Promise<void> {
  const recipient = user.toString('latin1');
  for (let after = 0; isWanted(); ) {
    const rows = await store.readInbox(user, 0, after, PAGE);
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.position;
    const envelopes = rows.map(({ envelope, firstIndex }) => (firstIndex > 0 ? skipEntries(envelope, firstIndex) : envelope));
    await durably(change, {
      markKeys: () => envelopes.map(markKeyOf),
      decide: (order) => {
        if (!isWanted()) return;
        // Rows without their mark are of a fetch that did not come to its end.
        for (const envelope of envelopes)
          if (order.highOf(markKeyOf(envelope)) >= envelopeSequence(envelope))
            order.moveAway(envelope, { envelope, destination: INBOX, recipient });
      },
      apply: (batch) => {
        if (isWanted()) for (const { position } of rows) batch.removeInbox(user, 0, position);
      },
    });
  }
}
