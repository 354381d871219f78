/** L4, L8: a follower shows each entry of a log once, in order, whatever the credit, the pages and the failures on the way. */
import fc from 'fast-check';
import { REPLAY_FREE_BYTES } from '../../../runtime/contract/limits.ts';
import { LogFollower } from '../../../runtime/follow/log-follower.ts';
import { ReplayLane } from '../../../runtime/follow/replay-lane.ts';
import type { StoredEnvelope } from '../../../runtime/ports/inbox-store.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';

/** A log whose reads take a while, give pages of any size, and fail when told to. */
class Scene {
  readonly log: StoredEnvelope[] = [];
  readonly pushed: number[] = [];
  readonly clock = new ManualClock();
  granted: number;
  pushedBytes = 0;
  largest = 0;
  failing = 0;
  pageEntries = 3;
  failures = 0;
  overdrawn = 0;
  readonly follower: LogFollower;

  constructor(after: number, creditBytes: number) {
    this.granted = creditBytes;
    const log = {
      read: (from: number, bytesMax: number) => this.read(from, bytesMax),
      push: (entry: StoredEnvelope) => this.push(entry),
      failed: () => void this.failures++,
    };
    this.follower = new LogFollower(log, { lane: new ReplayLane(this.clock), after, creditBytes });
  }

  commit(bytes: number): void {
    const entry = { position: (this.log.at(-1)?.position ?? 0) + 1, envelope: Buffer.alloc(bytes), firstIndex: 0 };
    this.log.push(entry);
    this.follower.committed(entry);
  }

  grant(bytes: number): void {
    this.granted += bytes;
    this.follower.grant(bytes);
  }

  private read(after: number, bytesMax: number): Promise<StoredEnvelope[]> {
    // What is read is what was there when the read began; the last envelope may pass the bytes asked for, as in a store.
    const page: StoredEnvelope[] = [];
    let bytes = 0;
    for (const entry of this.log) {
      if (entry.position <= after || page.length >= this.pageEntries) continue;
      if (bytes >= bytesMax) break;
      bytes += entry.envelope.length;
      page.push(entry);
    }
    const fails = this.failing > 0;
    if (fails) this.failing--;
    return new Promise((resolve, reject) => {
      this.clock.after(5, () => (fails ? reject(new Error('the disk is away')) : resolve(page)));
    });
  }

  private push({ position, envelope }: StoredEnvelope): void {
    if (this.pushedBytes >= this.granted) this.overdrawn++;
    this.pushed.push(position);
    this.pushedBytes += envelope.length;
    this.largest = Math.max(this.largest, envelope.length);
  }
}

type Step = (scene: Scene) => void | Promise<void>;

const setPages = (entries: number): Step => {
  return (scene) => {
    scene.pageEntries = entries;
  };
};
const failReads = (reads: number): Step => {
  return (scene) => {
    scene.failing = reads;
  };
};
const commit = (bytes: number): Step => {
  return (scene) => scene.commit(bytes);
};
const grant = (bytes: number): Step => {
  return (scene) => scene.grant(bytes);
};
const wait = (ms: number): Step => {
  return (scene) => scene.clock.advance(ms);
};

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.nat({ max: 200 }).map(commit) },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 500 }).map(grant) },
  { weight: 3, arbitrary: fc.nat({ max: 12 }).map(wait) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 5 }).map(setPages) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 2 }).map(failReads) },
  { weight: 1, arbitrary: fc.constant<Step>((scene) => scene.follower.start()) },
);

it('pushes every entry after its start once and ascending, and stops within one entry of its credit', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat({ max: 4 }),
      fc.nat({ max: 300 }),
      fc.array(step, { maxLength: 80, size: 'max' }),
      async (after, credit, steps) => {
        const scene = new Scene(after, credit);
        scene.follower.start();
        for (const apply of steps) {
          await apply(scene);
          expect(scene.overdrawn).toBe(0);
          expect(scene.follower.creditBytes).toBe(scene.granted - scene.pushedBytes);
          expect(scene.follower.creditBytes).toBeGreaterThan(-Math.max(1, scene.largest));
        }
        scene.failing = 0;
        await scene.clock.advance(50);
        scene.grant(1_000_000);
        scene.follower.start();
        await scene.clock.advance(5 * (scene.log.length + 5));
        expect(scene.pushed).toEqual(scene.log.map(({ position }) => position).filter((position) => position > after));
        scene.commit(1);
        await scene.clock.advance(20);
        expect(scene.pushed).toEqual(scene.log.map(({ position }) => position).filter((position) => position > after));
      },
    ),
    { numRuns: 60 },
  );
}, 60_000);

it('pushes from memory once it has caught up, and reads again only after it ran out of credit', async () => {
  const scene = new Scene(0, 100);
  scene.follower.start();
  await scene.clock.advance(10);
  scene.commit(60);
  scene.commit(60);
  expect(scene.pushed).toEqual([1, 2]);
  scene.commit(60);
  await scene.clock.advance(10);
  expect(scene.pushed).toEqual([1, 2]);
  scene.grant(100);
  await scene.clock.advance(20);
  expect(scene.pushed).toEqual([1, 2, 3]);
});

it('pushes nothing after stop, not even what a read brings that was under way', async () => {
  const scene = new Scene(0, 1_000);
  scene.commit(10);
  scene.follower.start();
  scene.follower.stop();
  await scene.clock.advance(20);
  scene.grant(10);
  scene.commit(10);
  await scene.clock.advance(20);
  expect(scene.pushed).toEqual([]);
});

it('reports a failed read once and stands still until it is started again', async () => {
  const scene = new Scene(0, 1_000);
  scene.failing = 1;
  scene.commit(10);
  await scene.clock.advance(50);
  expect([scene.failures, scene.pushed]).toEqual([1, []]);
  scene.follower.start();
  await scene.clock.advance(50);
  expect([scene.failures, scene.pushed]).toEqual([1, [1]]);
});

it.each([0, 1, -1])('goes on behind a page that ends %i bytes from where turns begin', async (over) => {
  const scene = new Scene(0, 1_000_000);
  scene.pageEntries = 100;
  for (const bytes of [REPLAY_FREE_BYTES / 2, REPLAY_FREE_BYTES / 2 + over, 10, 20]) scene.commit(bytes);
  scene.follower.start();
  await scene.clock.advance(1_000);
  expect(scene.pushed).toEqual([1, 2, 3, 4]);
});

it('is not at the end when its credit is used up beside the log while it waits for its turn', async () => {
  const scene = new Scene(0, 100_000);
  scene.pageEntries = 100;
  for (const bytes of [REPLAY_FREE_BYTES, 10, 20]) scene.commit(bytes);
  scene.follower.start();
  await scene.clock.advance(5);
  scene.follower.charge(100_000);
  await scene.clock.advance(1_000);
  expect(scene.pushed).toEqual([1]);
  scene.grant(100_000);
  await scene.clock.advance(1_000);
  expect(scene.pushed).toEqual([1, 2, 3]);
});
