import { writeSync } from 'node:fs';
import { openLevelStore } from '../../runtime/adapters/inbox-store-level.ts';
import { openLogStore } from '../../runtime/adapters/inbox-store-log.ts';
import { envelopeOf } from '../fakes/envelopes.ts';

/**
 * A process that commits until it is killed: each batch appends one envelope for each of two users, removes the one a hundred before,
 * and holds the mark that goes with them. Goes on after what it finds. Prints the batch’s number once its commit has resolved.
 */
const [, , kind, directory = ''] = process.argv;
// Small segments, so that kills meet segments that are being made, cleaned and dropped.
const store = kind === 'level' ? await openLevelStore(directory) : await openLogStore(directory, { segmentBytes: 8_192 });
const users = ['alice', 'bob'].map((name) => Buffer.from(name));
const waiting = await store.readInbox(users[0] as Buffer, 0, 0, { envelopesMax: 1_000, bytesMax: 1 << 30 });
for (let number = (waiting.at(-1)?.position ?? 0) + 1; ; number++) {
  const batch = store.batch();
  for (const user of users) {
    batch.appendInbox(user, 0, number, envelopeOf({ sequence: number, bodies: ['x'.repeat(200)] }));
    batch.removeInbox(user, 0, Math.max(0, number - 100));
  }
  batch.mark('row', { high: number, holes: [] }, number);
  await store.commit(batch, { sync: number % 2 === 0 });
  writeSync(1, `${number}\n`);
}
