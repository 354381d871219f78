/** The log gives the disk back (B7), and a full disk costs refusals only (F10). */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { openLogStore } from '../../../../runtime/adapters/inbox-store-log.ts';
import type { InboxStore, StoreBatch } from '../../../../runtime/ports/inbox-store.ts';
import { envelopeOf } from '../../../fakes/envelopes.ts';

const ALL = { envelopesMax: 100_000, bytesMax: 1 << 30 };
const SEGMENT_BYTES = 65_536;
const alice = Buffer.from('alice');
const bob = Buffer.from('bob');
let directory: string;
let store: InboxStore;
const failures: unknown[] = [];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'iris-space-'));
  store = await open();
});
afterEach(async () => {
  await store.close();
  rmSync(directory, { recursive: true });
  expect(failures).toEqual([]);
});

const open = () => openLogStore(directory, { segmentBytes: SEGMENT_BYTES, cacheBytes: 1, failed: (error) => failures.push(error) });
const commit = (fill: (batch: StoreBatch) => void) => {
  const batch = store.batch();
  fill(batch);
  return store.commit(batch, { sync: true });
};
const positions = async (user: Buffer) => (await store.readInbox(user, 0, 0, ALL)).map(({ position }) => position);
const logBytes = () => readdirSync(join(directory, 'log')).reduce((sum, name) => sum + statSync(join(directory, 'log', name)).size, 0);
const message = (position: number) => envelopeOf({ sequence: position, bodies: ['a', `message ${position} `.repeat(60)] });

/** Messages that come and go, as those of online users do. */
async function passThrough(from: number, to: number): Promise<void> {
  for (let position = from; position < to; position++) {
    await commit((batch) => {
      batch.appendInbox(bob, 0, position, message(position));
      batch.removeInbox(bob, 0, position - 1);
    });
  }
}

it('keeps the log small while messages come and go, and what waits through all of it, with its marks', async () => {
  await commit((batch) => {
    for (let position = 1; position <= 20; position++) batch.appendInbox(alice, 0, position, message(position));
    batch.mark('row of alice', { high: 20, holes: [{ from: 3, to: 4 }] }, 1);
    batch.setLastSeen(alice, 77);
    batch.appendOutbox('tokyo-0', 5, message(5));
    batch.park({ markKey: 'row', envelope: message(9), parkedAtMs: 12 });
  });
  await commit((batch) => batch.trimInbox(alice, 0, { position: 11, index: 0 }));
  store.reservePositions(9_000);
  await passThrough(100, 2_000);
  for (const round of ['open', 'reopened']) {
    if (round === 'reopened') {
      await store.close();
      store = await open();
    }
    expect(await positions(alice)).toEqual([11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
    const [oldest, , third] = await store.readInbox(alice, 0, 0, ALL);
    expect(oldest).toEqual({ position: 11, envelope: message(11), firstIndex: 1 });
    expect(third).toEqual({ position: 13, envelope: message(13), firstIndex: 0 });
    expect(await positions(bob)).toEqual([1_999]);
    expect(await store.readMarks(['row of alice'])).toEqual([{ high: 20, holes: [{ from: 3, to: 4 }] }]);
    expect(await store.readLastSeen(alice)).toBe(77);
    expect(await store.readOutbox('tokyo-0', 0, ALL)).toEqual([{ position: 5, envelope: message(5), firstIndex: 0 }]);
    expect(await store.readParked()).toEqual([{ markKey: 'row', envelope: message(9), parkedAtMs: 12 }]);
  }
  expect(store.firstPosition).toBe(9_000);
  // 1.9 MB passed through; the newest segment has up to 1 MiB of zeros ahead.
  expect(logBytes()).toBeLessThan(6 * SEGMENT_BYTES + 1_048_576);
});

it('serves readers while the segments they read from are cleaned away', async () => {
  const waiting = Array.from({ length: 100 }, (_, i) => i + 1);
  for (const position of waiting) await commit((batch) => batch.appendInbox(alice, 0, position, message(position)));
  let isDone = false;
  const reading = (async () => {
    let reads = 0;
    for (; !isDone; reads++) {
      await new Promise((resume) => setImmediate(resume));
      for (const [i, entry] of (await store.readInbox(alice, 0, 0, ALL)).entries()) {
        if (entry.position !== i + 1 || !entry.envelope.equals(message(i + 1)))
          throw new Error(`read ${reads} gave ${entry.position} at ${i}`);
      }
    }
    return reads;
  })();
  await passThrough(1_000, 1_700);
  isDone = true;
  expect(await reading).toBeGreaterThan(3);
  expect(await positions(alice)).toEqual(waiting);
});

it('refuses messages while the disk has less than is kept free, takes removals, and takes messages again after', async () => {
  const before = [1, 2, 3];
  await commit((batch) => {
    for (const position of before) batch.appendInbox(alice, 0, position, message(position));
  });
  await store.close();
  const { bavail, bsize } = statfsSync(directory);
  // Two segments of this size are more than the disk has.
  store = await openLogStore(directory, { segmentBytes: bavail * bsize });
  for (let i = 0; i < 3; i++) {
    const refused = commit((batch) => batch.appendInbox(alice, 0, 9, message(9)));
    await expect(refused).rejects.toMatchObject({ code: 'STORE_FAILED', message: expect.stringContaining('the disk is full') });
  }
  await commit((batch) => batch.removeInbox(alice, 0, 1));
  expect(await positions(alice)).toEqual([2, 3]);
  await store.close();
  store = await open();
  await commit((batch) => batch.appendInbox(alice, 0, 9, message(9)));
  expect(await positions(alice)).toEqual([2, 3, 9]);
});

/** Whether this user may mount a file system of 16 MB for the real thing. */
const mounting = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'tmpfs', tmpdir()], { encoding: 'utf8' });
if (mounting.status !== 0)
  writeSync(2, `no file system of 16 MB can be mounted, F10 is tested without: ${mounting.stderr ?? mounting.error?.message}\n`);
const itMounted = mounting.status === 0 ? it : it.skip;

itMounted('refuses messages on a full disk of 16 MB, loses none it took, and takes more when readers have made room', () => {
  const script = 'mkdir -p "$1" && mount -t tmpfs -o size=16m tmpfs "$1" && exec "$2" "$3" "$1/store"';
  const node = [process.execPath, resolve(__dirname, 'fill-disk.ts')];
  const run = spawnSync('unshare', ['-rm', 'sh', '-c', script, 'sh', join(directory, 'disk'), ...node], { encoding: 'utf8' });
  expect(run.stderr).toBe('');
  const { accepted, refusals, isWhole, problems } = JSON.parse(run.stdout) as {
    accepted: number[];
    refusals: { code: string; message: string }[];
    isWhole: boolean[];
    problems: string[];
  };
  expect(isWhole).toEqual(Array.from({ length: 7 }, () => true));
  expect(refusals.map(({ code }) => code)).toEqual(['STORE_FAILED', 'STORE_FAILED', 'STORE_FAILED']);
  expect(refusals[0]?.message).toContain('the disk is full');
  expect(problems).toEqual([]);
  expect(accepted[0]).toBeGreaterThan(2_500);
  for (const count of accepted.slice(1)) expect(count).toBeGreaterThan(800);
});
