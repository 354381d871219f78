/** L3, L9, X4: a bridge brings everything over in order, and a full inbox on the other side holds back its own messages only. */
import { bucketName, isBucketName } from '../../../runtime/contract/bucket-name.ts';
import { HELD_RETRY_MS, LINK_RETRY_FIRST_MS, LINK_RETRY_LAST_MS } from '../../../runtime/contract/limits.ts';
import { ReplayLane } from '../../../runtime/follow/replay-lane.ts';
import type { Bus, Forwarding, Publisher, Refusal } from '../../../runtime/ports/bus.ts';
import type { StoreBatch } from '../../../runtime/ports/inbox-store.ts';
import { OutboxBridge, type SetAsideLetter } from '../../../runtime/region-bridge/outbox-bridge.ts';
import { OwnLog } from '../../../runtime/region-bridge/own-log.ts';
import { envelopeRecipient } from '../../../runtime/wire/envelope.ts';
import { bodiesOf, envelopeOf } from '../../fakes/envelopes.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import { openMemoryStore } from '../../fakes/memory-inbox-store.ts';
import { MemoryTelemetry } from '../../fakes/memory-telemetry.ts';

const FULL: Refusal = { code: 'INBOX_FULL', message: 'full', retryAfterMs: 1_000 };
const MOVED: Refusal = { code: 'SHARD_MOVED', message: 'lives elsewhere', retryAfterMs: 0 };
const FENCED: Refusal = { code: 'REFUSED_IN_ORDER', message: 'an earlier one was refused', retryAfterMs: 0 };

/** The other region’s owner: appends in order, refuses what is for a full inbox and what follows it from the same publisher. */
class FarOwner implements Bus {
  readonly arrived: string[] = [];
  readonly full = new Set<string>();
  /** Whom another core has by its map. */
  readonly moved = new Set<string>();
  refusals = 0;
  private readonly fenced = new Set<string>();

  publish(): void {}

  forward(_address: string, publisher: Publisher, { token, envelope }: Forwarding): void {
    const recipient = envelopeRecipient(envelope);
    const row = `${publisher.publisherId} ${recipient.toString()}`;
    const isFull = this.full.has(recipient.toString());
    if (this.moved.has(recipient.toString())) {
      this.refusals++;
      publisher.refused(token, 1, recipient, MOVED);
      return;
    }
    if (!isFull && !this.fenced.has(row)) {
      this.arrived.push(...bodiesOf(envelope));
      publisher.published(token, 1, 2);
      return;
    }
    const isFenced = this.fenced.has(row);
    this.fenced.add(row);
    publisher.refused(token, 1, recipient, isFenced ? FENCED : FULL);
  }

  forget(publisher: Publisher): void {
    for (const row of this.fenced) if (row.startsWith(`${publisher.publisherId} `)) this.fenced.delete(row);
  }
}

class BridgeUnderTest {
  readonly clock = new ManualClock();
  readonly telemetry = new MemoryTelemetry();
  readonly store = openMemoryStore();
  readonly bus = new FarOwner();
  readonly heldBack = new Set<string>();
  readonly bridge: OutboxBridge;
  readonly setAside: SetAsideLetter[] = [];
  hasRoom = true;
  /** The region was given up. */
  isAstray = false;
  /** Recipients of what went back into this core’s log. */
  readonly takenBack: string[] = [];
  isOwnLogSlow = false;
  readonly unanswered: (() => void)[] = [];
  private position = 0;

  constructor() {
    let lastId = 0;
    const { store, bus, clock, telemetry, heldBack } = this;
    const change = (one: { apply(batch: StoreBatch): void; done?(): void }) =>
      void this.commit((batch) => one.apply(batch)).then(() => one.done?.());
    const parts = {
      lane: new ReplayLane(clock),
      store,
      bus,
      clock,
      telemetry,
      heldBack,
      homeOf: () => ({ region: 'london', group: 'london-0', address: '127.0.0.1:1' }),
      isAstray: (inbox: Buffer) => isBucketName(inbox) && this.isAstray,
      ownLog: new OwnLog({
        takeBack: (request) => {
          this.takenBack.push(envelopeRecipient(request.envelope).toString());
          const answer = () => request.origin.appended(request.correlation, 2);
          if (this.isOwnLogSlow) this.unanswered.push(answer);
          else answer();
        },
        publisherEnded() {},
      }),
      change,
      setAside: (letter: SetAsideLetter) => {
        this.setAside.push(letter);
        if (this.hasRoom) void this.commit((batch) => letter.remove(batch));
        return this.hasRoom;
      },
      nextPublisherId: () => ++lastId,
    };
    this.bridge = new OutboxBridge(parts, 'london-0');
  }

  async send(recipient: string, body: string): Promise<void> {
    const entry = {
      position: ++this.position,
      envelope: envelopeOf({ recipient, bodies: [body], sequence: this.position }),
      firstIndex: 0,
    };
    await this.commit((batch) => batch.appendOutbox('london-0', entry.position, entry.envelope));
    this.bridge.committed(entry);
    await this.clock.settle();
  }

  get left(): number {
    return this.store.disk.outboxes.get('london-0')?.size ?? 0;
  }

  private async commit(fill: (batch: StoreBatch) => void): Promise<void> {
    const batch = this.store.batch();
    fill(batch);
    await this.store.commit(batch, { sync: true });
  }
}

it('brings everything over in order and forgets it here', async () => {
  const under = new BridgeUnderTest();
  await under.clock.settle();
  for (const body of ['a', 'b', 'c']) await under.send('bob', body);
  expect(under.bus.arrived).toEqual(['a', 'b', 'c']);
  expect(under.left).toBe(0);
});

it('gives what a region that was given up has for buckets back to its log, addressed to their user (L1, F19)', async () => {
  const under = new BridgeUnderTest();
  const bucket = bucketName(Buffer.from('bob'), 1, 0, 7).toString('latin1');
  await under.send(bucket, 'b1');
  under.isAstray = true;
  await under.send(bucket, 'b2');
  await under.send('bob', 'b3');
  expect([under.bus.arrived, under.takenBack, under.left]).toEqual([['b1', 'b3'], ['bob'], 0]);
});

it('gives nothing back to its log twice, however often another refusal has it start over meanwhile (L8)', async () => {
  const under = new BridgeUnderTest();
  under.isOwnLogSlow = true;
  under.isAstray = true;
  under.bus.moved.add('dave');
  await under.send(bucketName(Buffer.from('bob'), 1, 0, 7).toString('latin1'), 'b1');
  await under.send('dave', 'd1');
  for (let tries = 0; tries < 5; tries++) await under.clock.advance(LINK_RETRY_FIRST_MS << tries);
  expect(under.bus.refusals).toBeGreaterThan(3);
  expect([under.takenBack, under.left]).toEqual([['bob'], 2]);
  for (const answer of under.unanswered.splice(0)) answer();
  under.bus.moved.clear();
  await under.clock.advance(LINK_RETRY_LAST_MS);
  expect([under.takenBack, under.bus.arrived, under.left]).toEqual([['bob'], ['d1'], 0]);
});

it('passes over a user whose inbox is full, names it to the senders’ side, and brings its messages in order once there is room', async () => {
  const under = new BridgeUnderTest();
  under.bus.full.add('bob');
  await under.send('bob', 'b1');
  await under.send('dave', 'd1');
  await under.send('bob', 'b2');
  await under.send('dave', 'd2');
  expect(under.bus.arrived).toEqual(['d1', 'd2']);
  expect([...under.heldBack]).toEqual(['bob']);
  under.bus.full.clear();
  await under.clock.advance(HELD_RETRY_MS);
  expect(under.bus.arrived).toEqual(['d1', 'd2', 'b1', 'b2']);
  expect([under.left, under.heldBack.size]).toEqual([0, 0]);
});

it('holds the user back again while its inbox stays full, with one timer', async () => {
  const under = new BridgeUnderTest();
  under.bus.full.add('bob');
  await under.send('bob', 'b1');
  await under.clock.advance(5 * HELD_RETRY_MS);
  await under.send('dave', 'd1');
  expect([under.left, under.bus.arrived, under.clock.waiting]).toEqual([1, ['d1'], 1]);
});

it('starts over from its oldest message after any other refusal, and nothing overtakes', async () => {
  const under = new BridgeUnderTest();
  const forward = under.bus.forward.bind(under.bus);
  let refusals = 2;
  under.bus.forward = (address, publisher, forwarding) => {
    if (refusals-- > 0) publisher.refused(forwarding.token, 1, Buffer.from('bob'), { code: 'STORE_FAILED', message: '', retryAfterMs: 0 });
    else forward(address, publisher, forwarding);
  };
  for (const body of ['a', 'b', 'c']) await under.send('bob', body);
  await under.clock.advance(4 * LINK_RETRY_FIRST_MS);
  expect(under.bus.arrived).toEqual(['a', 'b', 'c']);
  expect(under.left).toBe(0);
});

it('keeps what the other region will never take, with the reason, and brings the rest over (L1, F14)', async () => {
  const under = new BridgeUnderTest();
  const forward = under.bus.forward.bind(under.bus);
  under.bus.forward = (address, publisher, forwarding) => {
    const [body] = bodiesOf(forwarding.envelope);
    const refusal: Refusal = { code: 'FRAME_MALFORMED', message: 'not for us', retryAfterMs: 0 };
    if (body === 'poison') publisher.refused(forwarding.token, 1, Buffer.from('bob'), refusal);
    else forward(address, publisher, forwarding);
  };
  for (const body of ['a', 'poison', 'b']) await under.send('bob', body);
  expect(under.bus.arrived).toEqual(['a', 'b']);
  expect(under.setAside).toMatchObject([{ from: 'outbox', group: 'london-0', position: 2, reason: 'FRAME_MALFORMED: not for us' }]);
  expect(bodiesOf(under.setAside[0]!.envelope)).toEqual(['poison']);
  expect(under.left).toBe(0);
});

it('leaves it in the outbox where it cannot be set aside, until it can', async () => {
  const under = new BridgeUnderTest();
  under.hasRoom = false;
  under.bus.forward = (_address, publisher, { token }) =>
    publisher.refused(token, 1, Buffer.from('bob'), { code: 'FRAME_MALFORMED', message: '', retryAfterMs: 0 });
  await under.send('bob', 'poison');
  expect([under.setAside.length, under.left]).toEqual([1, 1]);
  under.hasRoom = true;
  under.store.disk.failing.reads = 1;
  await under.clock.advance(HELD_RETRY_MS);
  expect([under.setAside.length, under.left]).toEqual([1, 1]);
  await under.clock.advance(HELD_RETRY_MS);
  expect([under.setAside.length, under.left, under.clock.waiting]).toEqual([2, 0, 0]);
});

it('stops for good when it is told to, also while it waits', async () => {
  const under = new BridgeUnderTest();
  under.bus.full.add('bob');
  await under.send('bob', 'b1');
  under.bridge.stop();
  under.bus.full.clear();
  await under.clock.advance(2 * HELD_RETRY_MS);
  await under.send('dave', 'd1');
  expect(under.bus.arrived).toEqual([]);
});
