/** L8: what a core’s own log keeps in memory and on the disk, at its bounds. */
import { BLOCK_BYTES, BlockCache } from '../../../../runtime/adapters/inbox-log/block-cache.ts';
import { EnvelopeIndex } from '../../../../runtime/adapters/inbox-log/envelope-index.ts';
import { FreeSpace } from '../../../../runtime/adapters/inbox-log/free-space.ts';
import { LogCleaner } from '../../../../runtime/adapters/inbox-log/log-cleaner.ts';
import { WAITING_ENVELOPES_MAX, WAITING_INBOXES_MAX } from '../../../../runtime/contract/limits.ts';
import type { Disk } from '../../../../runtime/ports/disk.ts';

const MEBIBYTE = 1_048_576;

it('memory has as many blocks as the cache may take (STORE_CACHE_BYTES_MAX unless it is told otherwise), the latest', () => {
  const blocks = 64;
  const cache = new BlockCache(blocks * BLOCK_BYTES);
  for (let block = 0; block < 4 * blocks; block++) cache.put(1, block, cache.take());
  const kept = Array.from({ length: 4 * blocks }, (_, block) => block).filter((block) => cache.get(1, block) !== undefined);
  expect(kept.length).toBeLessThanOrEqual(blocks);
  expect(kept.length).toBeGreaterThanOrEqual(blocks / 2);
  expect(kept.at(-1)).toBe(4 * blocks - 1);
});

it('a block of one segment is never taken for one of the next: BLOCKS_PER_SEGMENT_MAX', () => {
  const cache = new BlockCache(16 * BLOCK_BYTES);
  const last = cache.take();
  cache.put(1, 0xffff, last);
  expect([cache.get(2, 0), cache.get(1, 0xffff)]).toEqual([undefined, last]);
});

it.each([
  ['envelopes', WAITING_ENVELOPES_MAX - 1, 0, false],
  ['envelopes', WAITING_ENVELOPES_MAX, 0, true],
  ['inboxes', 0, WAITING_INBOXES_MAX - 1, false],
  ['inboxes', 0, WAITING_INBOXES_MAX, true],
])('the index is full at WAITING_ENVELOPES_MAX envelopes or WAITING_INBOXES_MAX inboxes: %s', (_, envelopes, rows, isFull) => {
  class Filled extends EnvelopeIndex {
    override get envelopes() {
      return envelopes;
    }
    override get rows() {
      return rows;
    }
  }
  const unbounded = { envelopesMax: Number.POSITIVE_INFINITY, bytesMax: Number.POSITIVE_INFINITY };
  expect(new Filled({ inbox: unbounded, outbox: unbounded }).isFull).toBe(isFull);
});

it('the disk’s free space is looked at every UNCHECKED_BYTES_MAX bytes at least, and more often where little is left', async () => {
  let looks = 0;
  const freeBytes = { left: 1_024 * MEBIBYTE };
  const disk = {
    space: async () => {
      looks++;
      return { freeBytes: freeBytes.left, totalBytes: 2_048 * MEBIBYTE };
    },
  } as unknown as Disk;
  const space = new FreeSpace(disk, '/', 8 * MEBIBYTE);
  for (let i = 0; i < 64; i++) await space.claim(MEBIBYTE);
  expect(looks).toBe(1);
  await space.claim(1);
  expect(looks).toBe(2);
  freeBytes.left = 16 * MEBIBYTE;
  space.distrust();
  for (let i = 0; i < 4; i++) await space.claim(MEBIBYTE);
  expect(looks).toBe(3);
  await space.claim(1);
  expect(looks).toBe(4);
  freeBytes.left = 8 * MEBIBYTE;
  await expect(space.claim(4 * MEBIBYTE)).rejects.toMatchObject({ code: 'STORE_FAILED' });
  expect(space.isShort).toBe(true);
});

describe('the oldest segment is dropped', () => {
  const SEGMENT = 65_536;
  /** Segments that are left of a log of so many bytes, of which so many wait. */
  async function left(count: number, { bytes, liveBytes, isShort = false }: { bytes: number; liveBytes: number; isShort?: boolean }) {
    const failures: unknown[] = [];
    const ring = {
      count,
      bytes,
      segmentBytes: SEGMENT,
      isShortOfSpace: isShort,
      oldest: { number: 1, lastSequence: 0 },
      async dropOldest() {
        this.bytes -= this.bytes / this.count;
        this.count--;
      },
    };
    const parts = {
      ring,
      marks: { flushedThrough: 1 },
      index: { liveBytes, liveBytesOf: () => 0 },
      write: async (fill: () => unknown) => void fill(),
      failed: (error: unknown) => void failures.push(error),
    };
    const cleaner = new LogCleaner(parts as unknown as ConstructorParameters<typeof LogCleaner>[0]);
    cleaner.start();
    for (let turn = 0; turn < 20 * count; turn++) await Promise.resolve();
    await cleaner.stop();
    expect(failures).toEqual([]);
    return ring.count;
  }

  it.each([
    [
      'while the log takes more than LOG_SHARE_MAX times what waits, and SPARE_SEGMENTS',
      12,
      { bytes: 12 * SEGMENT, liveBytes: 2 * SEGMENT },
      6,
    ],
    ['not while it takes no more', 6, { bytes: 6 * SEGMENT, liveBytes: 2 * SEGMENT }, 6],
    ['while there are SURPLUS_SEGMENTS_MAX more than its bytes ask for: each start begins one', 60, { bytes: 60, liveBytes: 30 }, 34],
    ['on a full disk whatever it takes, but for the last', 4, { bytes: 4, liveBytes: 4, isShort: true }, 1],
  ])('%s', async (_, count, log, expected) => {
    expect(await left(count, log)).toBe(expected);
  });
});
