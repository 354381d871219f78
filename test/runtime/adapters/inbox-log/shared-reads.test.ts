/** P2, D6: many readers of one backlog that is larger than the memory for it read each part of the log about once. */
import { openLogStore } from '../../../../runtime/adapters/inbox-store-log.ts';
import type { InboxStore } from '../../../../runtime/ports/inbox-store.ts';
import { SectorDisk } from '../../../../runtime/simulation/sector-disk.ts';
import { SeededRandom } from '../../../../runtime/simulation/seeded-random.ts';
import { bodiesOf, envelopeOf } from '../../../fakes/envelopes.ts';

const ALL = { envelopesMax: 100_000, bytesMax: 1 << 30 };
const USERS = 40;
const ROUNDS = 30;
const BODY = 'x'.repeat(1_500);
const BLOCK_BYTES = 65_536;
const BLOCKS = Math.ceil((USERS * ROUNDS * BODY.length) / BLOCK_BYTES);
const BLOCKS_KEPT = 4;

const userOf = (number: number) => Buffer.from(`user-${number}`);
let reads = 0;
let failing = false;
let store: InboxStore;

/** Counts what is read, and fails where it is told to. */
function countedDisk(): SectorDisk {
  // A read takes a turn of the event loop at least, as one of a real disk does.
  const pause = () => new Promise<void>((resolve) => setImmediate(resolve));
  const disk = new SectorDisk({ random: new SeededRandom(1), pause });
  const open = disk.open.bind(disk);
  disk.open = async (path, mode) => {
    const file = await open(path, mode);
    const read = file.read.bind(file);
    file.read = async (...where) => {
      reads++;
      if (failing) throw Object.assign(new Error('i/o error'), { code: 'EIO' });
      return await read(...where);
    };
    return file;
  };
  return disk;
}

beforeAll(async () => {
  const lease = { epoch: 1, isHeld: true, release: async () => undefined };
  store = await openLogStore('/store', { disk: countedDisk(), lease, cacheBytes: BLOCKS_KEPT * BLOCK_BYTES });
  for (let round = 0; round < ROUNDS; round++) {
    const batch = store.batch();
    for (let user = 0; user < USERS; user++) {
      const position = 1 + round * USERS + user;
      batch.appendInbox(userOf(user), 0, position, envelopeOf({ sequence: round + 1, bodies: [`${user} ${round} ${BODY}`] }));
    }
    await store.commit(batch, { sync: true });
  }
});
beforeEach(() => {
  reads = 0;
  failing = false;
});
afterAll(() => store.close());

const readAll = () => Promise.all(Array.from({ length: USERS }, (_, user) => store.readInbox(userOf(user), 0, 0, ALL)));

it('reads each block once for all who want it at a time, and gives each its own', async () => {
  const pages = await readAll();
  pages.forEach((page, user) => {
    expect(page.map(({ envelope }) => bodiesOf(envelope)[0])).toEqual(
      Array.from({ length: ROUNDS }, (_, round) => `${user} ${round} ${BODY}`),
    );
  });
  expect(reads).toBeGreaterThanOrEqual(BLOCKS - BLOCKS_KEPT);
  expect(reads).toBeLessThan(2 * BLOCKS);
});

it('tells everyone who waits for a block that it could not be read, and reads it again for the next', async () => {
  failing = true;
  const refused = await Promise.allSettled(Array.from({ length: 3 }, () => store.readInbox(userOf(1), 0, 0, ALL)));
  expect(refused.map((one) => one.status)).toEqual(['rejected', 'rejected', 'rejected']);
  failing = false;
  expect(await store.readInbox(userOf(1), 0, 0, ALL)).toHaveLength(ROUNDS);
});
