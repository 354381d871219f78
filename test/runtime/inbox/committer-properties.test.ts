/** L1, L2, L3: whatever way messages come, how often, and whatever fails meanwhile, each inbox holds each message once and in order. */
import fc from 'fast-check';
import { SEND_RETRY } from '../../../runtime/wire/v2/send.ts';
import { type EnvelopeParts, envelopeOf } from '../../fakes/envelopes.ts';
import { CoreUnderTest, type TestOrigin } from './core-under-test.ts';

const RECIPIENTS = ['bob', 'carol'];
const SENDERS = ['s0', 's1', 's2'];
const WAYS = 3;

/**
 * One way to the core, such as another region’s outbox: keeps messages in order until they are acknowledged, and after a refusal or a
 * lost link starts over from an older one, as a new publisher.
 */
class Way {
  private readonly core: CoreUnderTest;
  private readonly log: { envelope: Buffer; isAcknowledged: boolean }[] = [];
  private origin: TestOrigin;
  private publisherId = 1;
  private next = 0;
  /** Correlation → place in the log, of this publisher only. */
  private underWay = new Map<number, number>();

  constructor(core: CoreUnderTest) {
    this.core = core;
    this.origin = core.origin();
  }

  get isDone(): boolean {
    this.collect();
    return this.log.every(({ isAcknowledged }) => isAcknowledged);
  }

  take(parts: EnvelopeParts): void {
    this.log.push({ envelope: envelopeOf(parts), isAcknowledged: false });
  }

  pump(count: number): void {
    this.collect();
    for (let i = 0; i < count && this.next < this.log.length; i++, this.next++) {
      const { envelope } = this.log[this.next] as { envelope: Buffer };
      const correlation = this.origin.sendEnvelope(envelope, { flags: SEND_RETRY, publisherId: this.publisherId });
      this.underWay.set(correlation, this.next);
    }
  }

  /** Sends again from `back` places before the oldest that is open. */
  startOver(back: number): void {
    const oldest = this.log.findIndex(({ isAcknowledged }) => !isAcknowledged);
    this.next = Math.max(0, (oldest < 0 ? this.log.length : oldest) - back);
    this.publisherId++;
    this.underWay.clear();
  }

  relink(): void {
    this.core.inboxes.originClosed(this.origin);
    this.origin = this.core.origin();
    this.startOver(0);
  }

  private collect(): void {
    for (const [correlation, place] of this.underWay) {
      const outcome = this.origin.outcome(correlation);
      if (outcome === undefined) continue;
      this.underWay.delete(correlation);
      if (outcome === 'appended') (this.log[place] as { isAcknowledged: boolean }).isAcknowledged = true;
      else {
        this.startOver(0);
        return;
      }
    }
  }
}

/** Senders that choose another way for each message, and remember what they sent to whom. */
class World {
  readonly core: CoreUnderTest;
  ways: Way[];
  readonly sent = new Map(RECIPIENTS.map((recipient) => [recipient, new Map(SENDERS.map((sender) => [sender, [] as string[]]))]));
  private readonly sequences = new Map<string, number>();
  private readonly previous = new Map<string, number>();

  constructor(core: CoreUnderTest) {
    this.core = core;
    this.ways = Array.from({ length: WAYS }, () => new Way(core));
  }

  send(sender: string, recipient: string, way: number, count: number): void {
    const sequence = (this.sequences.get(sender) ?? 0) + 1;
    const bodies = Array.from({ length: count }, (_, i) => `${sender}/${sequence + i}`);
    this.sequences.set(sender, sequence + count - 1);
    const row = `${sender}/${recipient}`;
    this.ways[way]?.take({ sender, recipient, sequence, previous: this.previous.get(row) ?? 0, bodies });
    this.previous.set(row, sequence + count - 1);
    this.sent
      .get(recipient)
      ?.get(sender)
      ?.push(...bodies);
  }

  /** The process dies: what was not answered never will be, and every link is made anew. */
  async kill(): Promise<void> {
    await this.core.restart();
    for (const way of this.ways) way.relink();
  }

  async finish(): Promise<void> {
    this.core.disk.failing.commits = 0;
    this.core.disk.failing.reads = 0;
    for (let round = 0; round < 500 && !this.ways.every((way) => way.isDone); round++) {
      for (const way of this.ways) way.pump(1_000);
      await this.core.clock.advance(50);
    }
    await this.core.settle();
  }
}

type Step = (world: World) => void | Promise<void>;

const way = fc.nat({ max: WAYS - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(fc.constantFrom(...SENDERS), fc.constantFrom(...RECIPIENTS), way, fc.integer({ min: 1, max: 3 })).map(
      ([sender, recipient, which, count]): Step =>
        (world) =>
          world.send(sender, recipient, which, count),
    ),
  },
  {
    weight: 6,
    arbitrary: fc.tuple(way, fc.integer({ min: 1, max: 4 })).map(
      ([which, count]): Step =>
        (world) =>
          world.ways[which]?.pump(count),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.nat({ max: 300 }).map(
      (ms): Step =>
        (world) =>
          world.core.clock.advance(ms),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(way, fc.nat({ max: 6 })).map(
      ([which, back]): Step =>
        (world) =>
          world.ways[which]?.startOver(back),
    ),
  },
  {
    weight: 1,
    arbitrary: way.map(
      (which): Step =>
        (world) =>
          world.ways[which]?.relink(),
    ),
  },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 3 }).map(failCommits) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 2 }).map(failReads) },
  { weight: 1, arbitrary: fc.constant<Step>((world) => world.kill()) },
);

function failCommits(count: number): Step {
  return ({ core }) => {
    core.disk.failing.commits = count;
  };
}

function failReads(count: number): Step {
  return ({ core }) => {
    core.disk.failing.reads = count;
  };
}

it('holds every acknowledged message once and in the order of its sender', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 120, size: 'max' }), async (steps) => {
      const world = new World(await CoreUnderTest.start());
      for (const apply of steps) await apply(world);
      await world.finish();
      expect(world.ways.every((one) => one.isDone)).toBe(true);
      for (const [recipient, senders] of world.sent) {
        const stored = world.core.stored(recipient);
        for (const [sender, bodies] of senders) expect(stored.filter((body) => body.startsWith(`${sender}/`))).toEqual(bodies);
      }
      expect(world.core.disk.parked.size).toBe(0);
    }),
    { numRuns: 200 },
  );
}, 60_000);
