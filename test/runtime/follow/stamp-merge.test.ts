/** P7, B1, B8, L3: what waits in many buckets goes out by stamp, each bucket’s own order is kept, and one that is silent stops nothing. */
import { MERGE_WAIT_MS } from '../../../runtime/contract/limits.ts';
import { StampMerge } from '../../../runtime/follow/stamp-merge.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';

interface Item {
  readonly stream: number;
  readonly stamp: number;
}

/** The same numbers on every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * below);
  };
}

function merged(isOpen?: () => boolean) {
  const clock = new ManualClock();
  const out: Item[] = [];
  const merge = new StampMerge<Item>({ clock, emit: (item) => void out.push(item), ...(isOpen && { isOpen }) });
  return { clock, out, merge };
}

it.each([1, 2, 3, 4, 5])('merges 100 ascending streams that arrive in any interleaving into one ascending stream (seed %i)', (seed) => {
  const below = numbers(seed);
  const { out, merge } = merged();
  const streams = Array.from({ length: 100 }, (_, number) => {
    const stamps = Array.from({ length: below(60) }, () => below(5_000)).toSorted((a, b) => a - b);
    return { stream: merge.open(number), stamps };
  });
  const open = [...streams];
  while (open.length > 0) {
    const at = below(open.length);
    const { stream, stamps } = open[at]!;
    const stamp = stamps.shift();
    if (stamp === undefined) {
      merge.caughtUp(stream);
      open.splice(at, 1);
      continue;
    }
    const item = { stream: stream.number, stamp };
    if (merge.passes(stream, { turn: 0, stamp })) out.push(item);
    else merge.offer(stream, { turn: 0, stamp }, item);
  }
  const sorted = out.toSorted((a, b) => a.stamp - b.stamp || a.stream - b.stream);
  expect(out.length).toBeGreaterThan(1_000);
  expect(out).toEqual(sorted);
});

it('puts a whole turn before the next one, whatever the stamps say', () => {
  const { out, merge } = merged();
  const [one, two] = [merge.open(1), merge.open(2)];
  merge.offer(one, { turn: 2, stamp: 5 }, { stream: 1, stamp: 5 });
  merge.offer(two, { turn: 1, stamp: 9 }, { stream: 2, stamp: 9 });
  merge.caughtUp(two);
  expect(out.map(({ stamp }) => stamp)).toEqual([9, 5]);
});

it('passes on what comes to streams that have caught up', () => {
  const { merge } = merged();
  const [one, two] = [merge.open(1), merge.open(2)];
  expect(merge.passes(one, { turn: 0, stamp: 1 })).toBe(false);
  merge.caughtUp(two);
  expect(merge.passes(one, { turn: 0, stamp: 1 })).toBe(true);
});

it('waits for a silent stream, and goes on without it when it stays silent', async () => {
  const { clock, out, merge } = merged();
  const [one, two] = [merge.open(1), merge.open(2)];
  merge.offer(one, { turn: 0, stamp: 3 }, { stream: 1, stamp: 3 });
  await clock.advance(MERGE_WAIT_MS - 1);
  expect(out).toEqual([]);
  await clock.advance(2);
  expect(out.map(({ stamp }) => stamp)).toEqual([3]);
  merge.offer(two, { turn: 0, stamp: 1 }, { stream: 2, stamp: 1 });
  expect(out.map(({ stamp }) => stamp)).toEqual([3]);
  merge.caughtUp(one);
  expect(out.map(({ stamp }) => stamp)).toEqual([3, 1]);
});

it('keeps what it has while nothing can be taken, and gives nothing more once it is stopped', async () => {
  let isOpen = false;
  const { clock, out, merge } = merged(() => isOpen);
  const one = merge.open(1);
  for (const stamp of [1, 2]) merge.offer(one, { turn: 0, stamp }, { stream: 1, stamp });
  expect(out).toEqual([]);
  isOpen = true;
  merge.goOn();
  expect(out.map(({ stamp }) => stamp)).toEqual([1, 2]);
  const two = merge.open(2);
  merge.offer(one, { turn: 0, stamp: 3 }, { stream: 1, stamp: 3 });
  merge.stop();
  merge.caughtUp(two);
  await clock.advance(MERGE_WAIT_MS * 2);
  expect(out).toHaveLength(2);
  expect(clock.waiting).toBe(0);
});
