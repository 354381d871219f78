/** The store on classic-level, on a real disk: the port’s laws, the same answers as the memory store, and kill -9 (L1, F5, B7). */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLevelStore } from '../../../runtime/adapters/inbox-store-level.ts';
import { describeInboxStoreContract } from '../../contract/inbox-store-contract.ts';
import { describeInboxStoreKillNine } from '../../contract/inbox-store-kill-nine.ts';
import { describeInboxStoreModel } from '../../contract/inbox-store-model.ts';

describeInboxStoreContract('the level store', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'iris-store-'));
  let store = await openLevelStore(directory);
  return {
    store,
    reopen: async () => {
      await store.close();
      store = await openLevelStore(directory);
      return store;
    },
    openAgain: () => openLevelStore(directory),
    dispose: async () => {
      await store.close();
      await rm(directory, { recursive: true });
    },
  };
});

describeInboxStoreModel('the level store', openLevelStore);

describeInboxStoreKillNine('the level store', 'level', openLevelStore);
