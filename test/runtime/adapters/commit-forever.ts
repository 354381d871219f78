import { writeSync } from 'node:fs';
import { openLevelStore } from '../../../runtime/adapters/inbox-store-level.ts';
import { envelopeOf } from '../../fakes/envelopes.ts';

/**
 * A process that commits until it is killed: each batch holds one envelope for each of two users and the mark that goes with them.
 * Prints the batch’s number once its commit has resolved.
 */
const store = await openLevelStore(process.argv[2] ?? '');
const users = ['alice', 'bob'].map((name) => Buffer.from(name));
for (let number = 1; ; number++) {
  const batch = store.batch();
  for (const user of users) batch.appendInbox(user, 0, number, envelopeOf({ sequence: number, bodies: ['x'.repeat(200)] }));
  batch.mark('row', { high: number, holes: [] }, number);
  await store.commit(batch, { sync: number % 2 === 0 });
  writeSync(1, `${number}\n`);
}
