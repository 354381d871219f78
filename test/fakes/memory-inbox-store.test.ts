/** The memory store keeps the port’s laws, so that what is tested on it holds on the real one. */
import { describeInboxStoreContract } from '../contract/inbox-store-contract.ts';
import { envelopeOf } from './envelopes.ts';
import { MemoryDisk, openMemoryStore } from './memory-inbox-store.ts';

describeInboxStoreContract('the memory store', async () => {
  const disk = new MemoryDisk();
  let store = openMemoryStore(disk);
  return {
    store,
    reopen: async () => {
      await store.close();
      store = openMemoryStore(disk);
      return store;
    },
    openAgain: async () => openMemoryStore(disk),
    dispose: () => store.close(),
  };
});

it('changes nothing when a commit is made to fail', async () => {
  const store = openMemoryStore();
  store.disk.failing.commits = 1;
  const batch = store.batch();
  batch.appendInbox(Buffer.from('bob'), 0, 1, envelopeOf({}));
  await expect(store.commit(batch, { sync: true })).rejects.toMatchObject({ code: 'STORE_FAILED' });
  expect(store.disk.inboxRows).toBe(0);
  await store.commit(batch, { sync: true });
  expect(store.disk.inboxRows).toBe(1);
});
