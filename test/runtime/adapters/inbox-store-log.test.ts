/** The embedded store on a real disk: the port’s laws, the same answers as the memory store, and kill -9 (L1, F5, B7). */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLogStore } from '../../../runtime/adapters/inbox-store-log.ts';
import { describeInboxStoreContract } from '../../contract/inbox-store-contract.ts';
import { describeInboxStoreKillNine } from '../../contract/inbox-store-kill-nine.ts';
import { describeInboxStoreModel } from '../../contract/inbox-store-model.ts';

/** Segments, a cache and turns so small that a few commits pass through all there is: rolls, cleaning, reads from the disk, rests. */
const TINY = { segmentBytes: 1_024, cacheBytes: 1, turnBytes: 1 };

describeInboxStoreContract('the log store', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'iris-store-'));
  let store = await openLogStore(directory);
  return {
    store,
    reopen: async () => {
      await store.close();
      store = await openLogStore(directory);
      return store;
    },
    openAgain: () => openLogStore(directory),
    dispose: async () => {
      await store.close();
      await rm(directory, { recursive: true });
    },
  };
});

describeInboxStoreModel('the log store', openLogStore);

const NARROW = { inbox: { envelopesMax: 3, bytesMax: 150 }, outbox: { envelopesMax: 2, bytesMax: 1_000 } };
describeInboxStoreModel('the log store with narrow inboxes', (directory) => openLogStore(directory, { ...TINY, bounds: NARROW }), NARROW);

describeInboxStoreModel('the log store with tiny segments', (directory) =>
  openLogStore(directory, {
    ...TINY,
    failed: (error) => {
      throw error;
    },
  }),
);

describeInboxStoreKillNine('the log store', 'log', (directory) => openLogStore(directory, TINY));
