import { statfsSync, writeSync } from 'node:fs';
import { openLogStore } from '../../../../runtime/adapters/inbox-store-log.ts';
import type { IrisError } from '../../../../runtime/contract/errors.ts';
import { envelopeOf } from '../../../fakes/envelopes.ts';

/**
 * Run on a file system of 16 MB: fills it with messages until they are refused, reads and removes half of them, fills it again, three
 * times over. Prints one JSON line: what was refused, and whether everything acknowledged is there, also after opening again.
 */
const directory = process.argv[2] ?? '';
const bob = Buffer.from('bob');
const ALL = { envelopesMax: 1_000_000, bytesMax: 1 << 30 };
const problems: string[] = [];
let store = await openLogStore(directory, { failed: (error) => problems.push(String(error)) });
const waiting: number[] = [];
const refusals: { code: string; message: string }[] = [];
const accepted: number[] = [];
let next = 1;

async function fill(): Promise<void> {
  for (;;) {
    const batch = store.batch();
    const positions = Array.from({ length: 10 }, () => next++);
    for (const position of positions) batch.appendInbox(bob, 0, position, envelopeOf({ sequence: position, bodies: ['x'.repeat(4_000)] }));
    try {
      await store.commit(batch, { sync: true });
      waiting.push(...positions);
    } catch (error) {
      const { code, message } = error as IrisError;
      refusals.push({ code, message });
      return;
    }
  }
}

async function drain(count: number): Promise<void> {
  for (const position of waiting.splice(0, count)) {
    const batch = store.batch();
    batch.removeInbox(bob, 0, position);
    await store.commit(batch, { sync: false });
  }
}

const isWhole: boolean[] = [];
async function look(): Promise<void> {
  const there = (await store.readInbox(bob, 0, 0, ALL)).map(({ position }) => position);
  isWhole.push(JSON.stringify(there) === JSON.stringify(waiting));
}

for (let round = 0; round < 3; round++) {
  const before = next;
  await fill();
  accepted.push(next - before);
  await look();
  await drain(Math.ceil(waiting.length * 0.7));
  // Cleaning runs behind commits: each of these gives it another start.
  for (let i = 0; i < 300; i++) {
    const batch = store.batch();
    batch.setLastSeen(bob, i);
    await store.commit(batch, { sync: true });
  }
  await look();
}
await store.close();
store = await openLogStore(directory);
await look();
await store.close();
const { bavail, bsize } = statfsSync(directory);
writeSync(1, `${JSON.stringify({ accepted, refusals, isWhole, problems, freeBytes: bavail * bsize })}\n`);
