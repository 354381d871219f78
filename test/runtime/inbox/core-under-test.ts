import type { InboxGap } from '../../../runtime/contract/inbox-gap.ts';
import type { Layout } from '../../../runtime/contract/layout.ts';
import { CHANGE_DELAY_MS } from '../../../runtime/contract/limits.ts';
import { createSlotMap, expandTable, SlotRouter } from '../../../runtime/contract/slot-map.ts';
import { ReplayLane } from '../../../runtime/follow/replay-lane.ts';
import { Inboxes } from '../../../runtime/inbox/inboxes.ts';
import type { BucketOwners } from '../../../runtime/ports/bucket-owners.ts';
import type { Refusal } from '../../../runtime/ports/bus.ts';
import type { HandoverPeers } from '../../../runtime/ports/handover.ts';
import type { InboxSubscriber, MessageStatus } from '../../../runtime/ports/inbox-feed.ts';
import type { StoredEnvelope } from '../../../runtime/ports/inbox-store.ts';
import { CALM } from '../../../runtime/ports/load-level.ts';
import type { AppendOrigin, ReadRequest } from '../../../runtime/ports/shard-owner.ts';
import { bodiesOf, type EnvelopeParts, envelopeOf, senderOf } from '../../fakes/envelopes.ts';
import { FixedSlotMaps } from '../../fakes/fixed-slot-maps.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import { MemoryDisk, type MemoryInboxStore, openMemoryStore } from '../../fakes/memory-inbox-store.ts';
import { MemoryTelemetry } from '../../fakes/memory-telemetry.ts';

const MAP = createSlotMap({
  environment: 'unit',
  version: 1,
  shards: 1,
  regions: [
    { code: 'tokyo', awsRegion: 'ap-northeast-1', groups: [{ id: 'tokyo-0', firstShard: 0, shardCount: 1, address: '127.0.0.1:1' }] },
  ],
});
/** Every user is at home in the one group. */
export const ONE_GROUP = new SlotRouter(MAP, expandTable(MAP));

/** Other cores do not answer. */
export const NOBODY: BucketOwners = { bucket: async () => undefined, finalMarks: async () => undefined };

export type Answer = { readonly kind: 'appended'; readonly durability: number } | { readonly kind: 'refused'; readonly refusal: Refusal };

/** One link into a core: appends and remembers the answers. */
export class TestOrigin implements AppendOrigin {
  readonly answers = new Map<number, Answer>();
  readonly order: number[] = [];
  cuts: string[] = [];
  /** What it was told of promoted users. */
  readonly layouts: { user: string; generation: number | undefined }[] = [];
  private readonly core: CoreUnderTest;
  private correlation = 0;

  constructor(core: CoreUnderTest) {
    this.core = core;
  }

  /** Returns the correlation under which `answers` will hold the answer. */
  send(parts: EnvelopeParts, { flags = 0, publisherId = 1 } = {}): number {
    return this.sendEnvelope(envelopeOf(parts), { flags, publisherId });
  }

  sendEnvelope(envelope: Buffer, { flags = 0, publisherId = 1 } = {}): number {
    const correlation = ++this.correlation;
    this.core.inboxes.append({ origin: this, correlation, publisherId, flags, envelope });
    return correlation;
  }

  appended(correlation: number, durability: number): void {
    this.answer(correlation, { kind: 'appended', durability });
  }

  refused(correlation: number, _recipient: Buffer, refusal: Refusal): void {
    this.answer(correlation, { kind: 'refused', refusal });
  }

  settled(): void {}

  laidOut(user: Buffer, layout: Layout): void {
    this.layouts.push({ user: user.toString(), generation: layout.generations.at(-1)?.number });
  }

  cut(reason: string): void {
    this.cuts.push(reason);
  }

  /** `appended` or the code of the refusal. */
  outcome(correlation: number): string | undefined {
    const answer = this.answers.get(correlation);
    return answer?.kind === 'refused' ? answer.refusal.code : answer?.kind;
  }

  private answer(correlation: number, answer: Answer): void {
    if (this.answers.has(correlation)) throw new Error(`append ${correlation} was answered twice`);
    this.answers.set(correlation, answer);
    this.order.push(correlation);
  }
}

/** Everything a reader was pushed. */
export class TestReader implements InboxSubscriber {
  readonly pushes: { position: number; firstIndex: number; bodies: string[]; sender: string }[] = [];
  readonly ends: string[] = [];
  readonly ephemerals: { kind: number; bodies: string[]; sender: string }[] = [];
  readonly statuses: MessageStatus[] = [];
  readonly gaps: InboxGap[] = [];
  /** `gap` and `push` as they came. */
  readonly order: string[] = [];
  resumptions = 0;

  pushed(at: { position: number; firstIndex: number }, buffer: Buffer, start: number, end: number): void {
    const envelope = buffer.subarray(start, end);
    this.order.push('push');
    this.pushes.push({ position: at.position, firstIndex: at.firstIndex, bodies: bodiesOf(envelope), sender: senderOf(envelope) });
  }

  handed(kind: number, buffer: Buffer, start: number, end: number): void {
    const envelope = buffer.subarray(start, end);
    this.ephemerals.push({ kind, bodies: bodiesOf(envelope), sender: senderOf(envelope) });
  }

  gap(gap: InboxGap): void {
    this.gaps.push(gap);
    this.order.push('gap');
  }

  statusGrown(status: MessageStatus): void {
    this.statuses.push(status);
  }

  resumed(): void {
    this.resumptions++;
  }

  /** Generations it was told of, and whether everything came. */
  readonly generations: number[] = [];
  isAtEnd = false;

  readonly layouts: Layout['generations'][] = [];

  laidOut(layout: Layout): void {
    this.layouts.push(layout.generations);
    this.generations.push(layout.generations.at(-1)?.number ?? -1);
  }

  caughtUp(isEnd: boolean): void {
    this.isAtEnd = isEnd;
  }

  ended(reason: 'replaced' | 'flushed'): void {
    this.ends.push(reason);
  }

  get bodies(): string[] {
    return this.pushes.flatMap(({ bodies, firstIndex }) => bodies.slice(firstIndex));
  }
}

/** The inboxes of one core over a memory store, on a clock that the test moves; it can be killed and started again. */
export class CoreUnderTest {
  readonly clock = new ManualClock();
  readonly telemetry = new MemoryTelemetry();
  readonly disk = new MemoryDisk();
  readonly outbox: { group: string; entry: StoredEnvelope }[] = [];
  slots = new FixedSlotMaps(ONE_GROUP);
  /** The other cores, as far as they are asked about buckets. */
  owners = NOBODY;
  /** Who is asked for users of a newer slot map; nobody answers unless a test says so. */
  peers: HandoverPeers = { pull: () => Promise.resolve(undefined) };
  nodesWithoutBuckets: string[] = [];
  inboxes!: Inboxes;
  private store: MemoryInboxStore | undefined;

  static async start(router = ONE_GROUP): Promise<CoreUnderTest> {
    const core = new CoreUnderTest();
    await core.restart(router);
    return core;
  }

  /** What the process held is gone; what the disk holds stays. */
  async restart(router = ONE_GROUP): Promise<void> {
    await this.store?.close();
    this.slots = new FixedSlotMaps(router);
    // A core that cannot read its store does not start.
    this.disk.failing.reads = 0;
    this.store = openMemoryStore(this.disk);
    this.inboxes = new Inboxes({
      nodesWithoutBuckets: () => this.nodesWithoutBuckets,
      store: this.store,
      slots: this.slots,
      clock: this.clock,
      random: { fraction: () => 0, bytes: (count) => Buffer.alloc(count) },
      telemetry: this.telemetry,
      region: 'tokyo',
      group: 'tokyo-0',
      peers: this.peers,
      load: CALM,
      lane: new ReplayLane(this.clock),
      owners: {
        bucket: (...question) => this.owners.bucket(...question),
        finalMarks: (...question) => this.owners.finalMarks(...question),
      },
      bucketMessagesPerSecondMax: 10_000,
      outboxCommitted: (group, entry) => void this.outbox.push({ group, entry }),
    });
    await this.inboxes.load();
  }

  get openStore(): MemoryInboxStore {
    return this.store as MemoryInboxStore;
  }

  origin(): TestOrigin {
    return new TestOrigin(this);
  }

  attach(reader: TestReader, user = 'bob', request: Partial<ReadRequest> = {}) {
    const defaults = {
      user: Buffer.from(user, 'latin1'),
      creditBytes: 1 << 20,
      isSelective: false,
      takesEphemerals: true,
      loginStamp: 1,
      isReattached: false,
      acknowledged: [],
      shown: [],
    };
    return this.inboxes.attach({ ...defaults, ...request }, reader);
  }

  /** Runs everything that needs no time, and acknowledgements that wait for a commit to share. */
  settle(): Promise<void> {
    return this.clock.advance(CHANGE_DELAY_MS);
  }

  /** The bodies stored for a user, in the order of the log. */
  stored(user = 'bob'): string[] {
    const rows = this.disk.inboxes.get(`${Buffer.from(user).toString('hex')} 0`) ?? new Map<number, Buffer>();
    return [...rows.entries()].sort(([a], [b]) => a - b).flatMap(([, envelope]) => bodiesOf(envelope));
  }
}
