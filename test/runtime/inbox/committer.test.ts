/** L1, L2, L3, L7: what a core acknowledges is stored once and in order; what it cannot store is refused, and nothing overtakes it. */
import { ORDER_HOLD_MS, ORDER_SWEEP_MS } from '../../../runtime/contract/limits.ts';
import { durably } from '../../../runtime/inbox/durable-change.ts';
import { Durability } from '../../../runtime/wire/durability.ts';
import { SEND_FRESH, SEND_RETRY } from '../../../runtime/wire/v2/send.ts';
import { envelopeOf } from '../../fakes/envelopes.ts';
import { CoreUnderTest } from './core-under-test.ts';

const RETRY = { flags: SEND_RETRY };
const chain = (sequence: number, previous = sequence - 1) => ({ sequence, previous, bodies: [`m${sequence}`] });

it.each([Durability.D2, Durability.D2q, Durability.D1])(
  'an acknowledgement names the class of what its store has written: %d (L1)',
  async (durability) => {
    const core = await CoreUnderTest.start();
    core.disk.durability = durability;
    await core.restart();
    const origin = core.origin();
    const sent = origin.send(chain(1));
    await core.settle();
    expect(origin.answers.get(sent)).toEqual({ kind: 'appended', durability });
  },
);

describe('a retry (L2)', () => {
  it('is acknowledged again and appended once, in one burst, later, and after a restart', async () => {
    const core = await CoreUnderTest.start();
    const origin = core.origin();
    const outcomes = [origin.send(chain(1)), origin.send(chain(1), RETRY)];
    await core.settle();
    outcomes.push(origin.send(chain(1), RETRY), origin.send(chain(1)));
    await core.settle();
    expect(outcomes.map((correlation) => origin.outcome(correlation))).toEqual(['appended', 'appended', 'appended', 'appended']);
    await core.restart();
    const later = core.origin();
    const again = later.send(chain(1), RETRY);
    await core.settle();
    expect(later.outcome(again)).toBe('appended');
    expect(core.stored()).toEqual(['m1']);
    expect(core.telemetry.value('iris_duplicates_total')).toBe(4);
  });

  it('of a batch that grew appends only what is new', async () => {
    const core = await CoreUnderTest.start();
    const origin = core.origin();
    origin.send({ sequence: 5, bodies: ['a', 'b'] });
    await core.settle();
    origin.send({ sequence: 5, bodies: ['a', 'b', 'c', 'd'] }, RETRY);
    await core.settle();
    expect(core.stored()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('of one device is no duplicate of another device, sender or recipient', async () => {
    const core = await CoreUnderTest.start();
    const origin = core.origin();
    for (const parts of [{}, { device: 2 }, { sender: 'carol' }, { recipient: 'dave' }]) origin.send({ sequence: 1, ...parts }, RETRY);
    await core.settle();
    expect([core.stored('bob').length, core.stored('dave').length]).toEqual([3, 1]);
  });
});

describe('a sender who moved to another region (L3)', () => {
  it('has a message that overtook its predecessor wait, and both arrive in order', async () => {
    const core = await CoreUnderTest.start();
    const [far, near] = [core.origin(), core.origin()];
    const early = [near.send(chain(2)), near.send(chain(3))];
    await core.settle();
    expect(early.map((correlation) => near.outcome(correlation))).toEqual(['appended', 'appended']);
    expect(core.stored()).toEqual([]);
    near.send(chain(2), RETRY);
    await core.settle();
    far.send(chain(1, 0));
    await core.settle();
    expect(core.stored()).toEqual(['m1', 'm2', 'm3']);
    expect(core.disk.parked.size).toBe(0);
  });

  it('keeps its waiting messages through a restart of the core', async () => {
    const core = await CoreUnderTest.start();
    core.origin().send(chain(2));
    await core.settle();
    await core.restart();
    core.origin().send(chain(1, 0));
    await core.settle();
    expect(core.stored()).toEqual(['m1', 'm2']);
  });

  it('hears its message after ORDER_HOLD_MS without the predecessor, which still arrives once when it comes', async () => {
    const core = await CoreUnderTest.start();
    const origin = core.origin();
    origin.send(chain(1, 0));
    await core.settle();
    origin.send(chain(4));
    await core.clock.advance(ORDER_HOLD_MS - ORDER_SWEEP_MS);
    expect(core.stored()).toEqual(['m1']);
    await core.clock.advance(3 * ORDER_SWEEP_MS);
    expect(core.stored()).toEqual(['m1', 'm4']);
    await core.restart();
    const late = core.origin();
    late.send(chain(2), RETRY);
    late.send(chain(3), RETRY);
    await core.settle();
    late.send(chain(2), RETRY);
    late.send(chain(3), RETRY);
    late.send(chain(4), RETRY);
    await core.settle();
    expect(core.stored()).toEqual(['m1', 'm4', 'm2', 'm3']);
  });

  it('loses none of several passed-over messages that come back in the wrong order', async () => {
    const core = await CoreUnderTest.start();
    const origin = core.origin();
    origin.send(chain(4));
    await core.clock.advance(ORDER_HOLD_MS + 3 * ORDER_SWEEP_MS);
    for (const sequence of [3, 1, 2, 3, 1]) {
      origin.send(chain(sequence), RETRY);
      await core.settle();
    }
    expect([...core.stored()].sort()).toEqual(['m1', 'm2', 'm3', 'm4']);
  });
});

describe('a store that fails', () => {
  it('has nothing acknowledged, and what follows waits until the sender starts anew', async () => {
    const core = await CoreUnderTest.start();
    const origin = core.origin();
    core.disk.failing.commits = 1;
    const first = origin.send(chain(1));
    await core.settle();
    const second = origin.send(chain(2));
    const other = origin.send({ recipient: 'carol', sequence: 2 });
    const otherPublisher = origin.send({ sender: 'zoe', sequence: 1, bodies: ['z'] }, { publisherId: 2 });
    await core.clock.advance(1_000);
    expect([first, second, other, otherPublisher].map((correlation) => origin.outcome(correlation))).toEqual([
      'STORE_FAILED',
      'REFUSED_IN_ORDER',
      'appended',
      'appended',
    ]);
    const repeated = [origin.send(chain(1), { flags: SEND_RETRY | SEND_FRESH }), origin.send(chain(2), RETRY)];
    await core.settle();
    expect(repeated.map((correlation) => origin.outcome(correlation))).toEqual(['appended', 'appended']);
    expect(core.stored()).toEqual(['z', 'm1', 'm2']);
  });

  it('forgets what it had decided, so that a retry is no false duplicate', async () => {
    const core = await CoreUnderTest.start();
    const origin = core.origin();
    origin.send(chain(1));
    await core.settle();
    core.disk.failing.commits = 1;
    origin.send(chain(2));
    origin.send(chain(5, 4));
    await core.clock.advance(1_000);
    for (const sequence of [2, 3, 4, 5]) origin.send(chain(sequence), { flags: SEND_RETRY | SEND_FRESH });
    await core.settle();
    expect(core.stored()).toEqual(['m1', 'm2', 'm3', 'm4', 'm5']);
  });

  it('leaves what was committed before alone when marks cannot be read', async () => {
    const core = await CoreUnderTest.start();
    const origin = core.origin();
    for (const sequence of [1, 2]) {
      origin.send(chain(sequence));
      await core.settle();
    }
    core.disk.failing.reads = 1;
    const refused = origin.send({ sender: 'carol', sequence: 7 }, RETRY);
    await core.clock.advance(1_000);
    expect(origin.outcome(refused)).toBe('STORE_FAILED');
    const retried = origin.send(chain(2), { flags: SEND_RETRY | SEND_FRESH });
    await core.settle();
    expect(origin.outcome(retried)).toBe('appended');
    expect(core.stored()).toEqual(['m1', 'm2']);
  });

  it('gets over an outage during which hundreds of thousands of removals piled up', async () => {
    const core = await CoreUnderTest.start();
    core.disk.failing.commits = 2;
    let applied = 0;
    for (let i = 0; i < 300_000; i++) core.inboxes.change({ apply: () => void applied++ });
    await core.clock.advance(1_000);
    const origin = core.origin();
    const after = origin.send(chain(1));
    await core.clock.advance(1_000);
    expect(origin.outcome(after)).toBe('appended');
    expect(applied).toBeGreaterThanOrEqual(300_000);
  });
});

describe('what cannot be decided (F14)', () => {
  /** Grown since its first message was taken, and cut short: taking the rest out of it throws. */
  function damaged(): Buffer {
    const envelope = envelopeOf({ sender: 'mallory', sequence: 1, bodies: ['a', 'b', 'c'] });
    return envelope.subarray(0, envelope.length - 8);
  }

  it('is refused for good, alone; the others of its batch are refused until they come again, each once', async () => {
    const core = await CoreUnderTest.start();
    const origin = core.origin();
    origin.send({ sender: 'mallory', sequence: 1, bodies: ['a'] }, { publisherId: 7 });
    await core.settle();
    for (const sequence of [1, 2]) origin.send({ recipient: 'full', sequence }, { publisherId: 3 });
    await core.settle();
    core.disk.bounds = { ...core.disk.bounds, inbox: { envelopesMax: 2, bytesMax: 1_000 } };
    const full = origin.send({ recipient: 'full', sequence: 3 }, { publisherId: 3 });
    const before = origin.send(chain(1));
    const poison = origin.sendEnvelope(damaged(), { flags: SEND_RETRY, publisherId: 7 });
    const after = origin.send({ sender: 'zoe', sequence: 1, bodies: ['z'] }, { publisherId: 2 });
    await core.clock.advance(1_000);
    expect([full, before, poison, after].map((correlation) => origin.outcome(correlation))).toEqual([
      'INBOX_FULL',
      'STORE_FAILED',
      'FRAME_MALFORMED',
      'STORE_FAILED',
    ]);
    const again = { flags: SEND_RETRY | SEND_FRESH };
    const repeated = [
      origin.send(chain(1), again),
      origin.send({ sender: 'zoe', sequence: 1, bodies: ['z'] }, { ...again, publisherId: 2 }),
    ];
    await core.settle();
    expect(repeated.map((correlation) => origin.outcome(correlation))).toEqual(['appended', 'appended']);
    expect(core.stored()).toEqual(['a', 'm1', 'z']);
  });

  it('is lost where it is a change, and the log goes on', async () => {
    const core = await CoreUnderTest.start();
    const origin = core.origin();
    const applied: string[] = [];
    core.inboxes.change({ apply: () => void applied.push('before') });
    core.inboxes.change({
      apply() {
        throw new RangeError('no such row');
      },
    });
    core.inboxes.change({ apply: () => void applied.push('after') });
    const first = origin.send(chain(1));
    await core.clock.advance(1_000);
    const second = origin.send(chain(1), { flags: SEND_RETRY | SEND_FRESH });
    await core.settle();
    expect([first, second].map((correlation) => origin.outcome(correlation))).toEqual(['STORE_FAILED', 'appended']);
    expect(applied).toEqual(['before', 'before', 'after']);
    expect(core.telemetry.value('iris_commits_failed_total')).toBe(1);
  });

  it('is told to whoever waits for the change, with a code; who waits for others of its batch hears that they are made', async () => {
    const core = await CoreUnderTest.start();
    const change = core.inboxes.change.bind(core.inboxes);
    const wrong = () => {
      throw new RangeError('no such row');
    };
    const ends = Promise.allSettled([
      durably(change, { apply: () => undefined }),
      durably(change, { apply: wrong }),
      durably(change, { apply: () => undefined, decide: wrong }),
      durably(change, { apply: () => undefined }),
    ]);
    await core.clock.advance(2_000);
    const refused = { status: 'rejected', reason: { code: 'STORE_FAILED', message: 'the owner cannot take it: no such row' } };
    expect(await ends).toMatchObject([{ status: 'fulfilled' }, refused, refused, { status: 'fulfilled' }]);
  });
});

it('looks at what is parked while something is, and has no timer else', async () => {
  const core = await CoreUnderTest.start();
  const origin = core.origin();
  const idle = core.clock.waiting;
  origin.send(chain(2));
  await core.settle();
  expect(core.clock.waiting).toBe(idle + 1);
  await core.clock.advance(5 * ORDER_SWEEP_MS);
  expect(core.clock.waiting).toBe(idle + 1);
  origin.send(chain(1, 0));
  await core.clock.advance(2 * ORDER_SWEEP_MS);
  expect([core.stored(), core.clock.waiting]).toEqual([['m1', 'm2'], idle]);
  origin.send(chain(4));
  await core.settle();
  await core.restart();
  await core.clock.advance(ORDER_HOLD_MS + 3 * ORDER_SWEEP_MS);
  expect(core.stored()).toEqual(['m1', 'm2', 'm4']);
});

it('answers in the order of arrival, after one synced commit for everything of a burst (D3, L1)', async () => {
  const core = await CoreUnderTest.start();
  const origin = core.origin();
  const sent = Array.from({ length: 500 }, (_, i) => origin.send(chain(i + 1)));
  expect(origin.answers.size).toBe(0);
  await core.settle();
  expect(origin.order).toEqual(sent);
  expect(core.disk.syncedCommits).toBe(1);
});

it('never gives a position out twice over restarts', async () => {
  const core = await CoreUnderTest.start();
  for (let sequence = 1; sequence <= 4; sequence++) {
    core.origin().send(chain(sequence));
    await core.settle();
    await core.restart();
  }
  const rows = core.disk.inboxes.get(`${Buffer.from('bob').toString('hex')} 0`);
  expect(rows?.size).toBe(4);
  expect(core.stored()).toEqual(['m1', 'm2', 'm3', 'm4']);
});
