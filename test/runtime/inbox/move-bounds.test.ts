/** L8: what a move of users, and what owners remember of statuses and gaps, takes at its bounds. */
import { GapReason } from '../../../runtime/contract/inbox-gap.ts';
import * as limits from '../../../runtime/contract/limits.ts';
import { readSlotMap } from '../../../runtime/contract/slot-map.ts';
import { movedTo } from '../../../runtime/contract/slot-map-moves.ts';
import { Gaps } from '../../../runtime/inbox/gaps.ts';
import { HandoverSource, type HandoverSourceParts } from '../../../runtime/inbox/handover-source.ts';
import { Retention, type RetentionParts } from '../../../runtime/inbox/retention.ts';
import { StatusLedger, type StatusLedgerParts } from '../../../runtime/inbox/status-ledger.ts';
import { UserFetcher, type UserFetcherParts } from '../../../runtime/inbox/user-fetcher.ts';
import type { PullAnswer, PullRequest } from '../../../runtime/ports/handover.ts';
import type { InboxStore, StoredMark } from '../../../runtime/ports/inbox-store.ts';
import { markKeyOf } from '../../../runtime/wire/envelope.ts';
import { envelopeOf } from '../../fakes/envelopes.ts';
import { FixedSlotMaps } from '../../fakes/fixed-slot-maps.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import { MemoryTelemetry } from '../../fakes/memory-telemetry.ts';
import { bob, TWO_CORES } from './two-cores.ts';

const away = { ...movedTo(TWO_CORES, ['tokyo-1', 'tokyo-1']), version: 3, moving: undefined };

describe('users on the way here', () => {
  function fetcher() {
    const pulls: PullRequest[] = [];
    const answers: ((answer: PullAnswer | undefined) => void)[] = [];
    const clock = new ManualClock();
    const fetching = new UserFetcher({
      slots: new FixedSlotMaps(readSlotMap(movedTo(away, ['tokyo-0', 'tokyo-0']))),
      clock,
      telemetry: new MemoryTelemetry(),
      group: 'tokyo-0',
      peers: {
        pull: (_: string, request: PullRequest) => {
          pulls.push(request);
          return new Promise<PullAnswer | undefined>((resolve) => answers.push(resolve));
        },
      },
      change: () => undefined,
    } as unknown as UserFetcherParts);
    fetching.start();
    return { clock, fetching, pulls, answers };
  }

  it('go first up to HANDOVER_URGENT_MAX of them, HANDOVERS_AT_ONCE at a time; the others wait for the sweep that lists everyone', async () => {
    const { clock, fetching, pulls, answers } = fetcher();
    expect(pulls.map(({ kind }) => kind)).toEqual(['users']);
    const all = limits.HANDOVERS_AT_ONCE + limits.HANDOVER_URGENT_MAX + 5;
    for (let user = 0; user < all; user++) fetching.touch(`user-${user}`);
    expect(pulls).toHaveLength(1 + limits.HANDOVERS_AT_ONCE);
    // Nobody can be fetched yet: each is asked for once.
    for (let given = 1; given < answers.length; given++) {
      answers[given]?.(undefined);
      if (given % 1_000 === 0) await clock.settle();
      if (given === answers.length - 1) await clock.settle();
    }
    expect(pulls.length - 1).toBe(all - 5);
  });

  it('are tried again every HANDOVER_RETRY_MS, however often something comes for them while their former owner is away', async () => {
    const { clock, fetching, pulls, answers } = fetcher();
    for (let ms = 0; ms < 10_000; ms += 10) {
      fetching.touch('bob');
      for (const answer of answers.splice(0)) answer(undefined);
      await clock.advance(10);
    }
    const tries = pulls.filter(({ kind }) => kind === 'user').length;
    expect(tries).toBeGreaterThan(15);
    expect(tries).toBeLessThanOrEqual(1 + 10_000 / limits.HANDOVER_RETRY_MS);
  });
});

it('statuses of STATUS_ROWS_MEMORY_MAX rows are in memory; an older one is read from the store again', async () => {
  let reads = 0;
  const ledger = new StatusLedger({
    store: {
      readMarks: async (keys: readonly string[]) => {
        reads++;
        return keys.map(() => undefined);
      },
    },
    telemetry: new MemoryTelemetry(),
  } as unknown as StatusLedgerParts);
  const keyOf = (row: number) => `row ${row}`;
  for (let sender = 0; sender < limits.STATUS_ROWS_MEMORY_MAX; sender++)
    ledger.committed([{ markKey: keyOf(sender), delivered: [{ after: 0, through: 1 }], read: [] }]);
  await ledger.read(keyOf(0));
  await ledger.read(keyOf(limits.STATUS_ROWS_MEMORY_MAX - 1));
  expect(reads).toBe(0);
  for (let sender = 0; sender < limits.STATUS_ROWS_MEMORY_MAX; sender++)
    ledger.committed([{ markKey: keyOf(1_000_000 + sender), delivered: [], read: [] }]);
  await ledger.read(keyOf(0));
  expect(reads).toBe(1);
});

it('RETENTION_REPORT_MAX inboxes with a gap are listed; the rest is counted', () => {
  const telemetry = new MemoryTelemetry();
  const gaps = new Gaps({} as InboxStore);
  const gap = { bucket: 0, from: 1, through: 2, messages: 2, firstStamp: 1, lastStamp: 2, reason: GapReason.expired };
  for (let user = 0; user < limits.RETENTION_REPORT_MAX + 7; user++) gaps.added(Buffer.from(`user-${user}`), gap);
  const retention = new Retention({ gaps, telemetry, inboxMs: 1, outboxMs: 1 } as unknown as RetentionParts);
  expect([retention.report.inboxes.length, telemetry.value('iris_gaps')]).toEqual([
    limits.RETENTION_REPORT_MAX,
    limits.RETENTION_REPORT_MAX + 7,
  ]);
});

describe('a former owner', () => {
  const moving = movedTo(TWO_CORES, ['tokyo-1', 'tokyo-1']);
  const source = (store: Partial<InboxStore>) =>
    new HandoverSource({
      store: { readRecords: async () => [], readInbox: async () => [], ...store },
      slots: new FixedSlotMaps(readSlotMap(moving)),
      group: 'tokyo-0',
      settled: async () => undefined,
      change: () => undefined,
      nextPosition: () => 9,
      wasFetched: () => false,
    } as unknown as HandoverSourceParts);
  const pull = (kind: PullRequest['kind'], marks = 0): PullRequest => ({
    version: moving.version,
    kind,
    group: 'tokyo-1',
    user: bob,
    after: 0,
    marks,
  });

  it('names HANDOVER_USERS_MAX users at a time', async () => {
    const names = Array.from({ length: 3 * limits.HANDOVER_USERS_MAX }, (_, i) => `user-${i}`);
    const former = source({
      survey: async (survey) => {
        for (const name of names) survey.inbox(name);
      },
    });
    expect((await former.pull(pull('users'))).users).toHaveLength(limits.HANDOVER_USERS_MAX);
  });

  /** Everything it says of bob’s rows, part by part. */
  async function partsOf(marks: ReadonlyMap<string, StoredMark | undefined>): Promise<string[][]> {
    const former = source({
      survey: async (survey) => {
        for (const [key, one] of marks) survey.mark?.(key, one ?? { high: 1, holes: [] }, 0);
      },
      readMarks: async (keys) => keys.map((key) => marks.get(key)),
      readRecord: async () => undefined,
      readLastSeen: async () => undefined,
    });
    const parts: string[][] = [];
    for (let taken = 0; parts.length < 100; ) {
      const answer = await former.pull(pull('user', taken));
      parts.push(answer.marks.map(({ key }) => key));
      taken += answer.marks.length;
      if (answer.isLast) return parts;
    }
    throw new Error('there is no end to it');
  }
  const rows = (count: number, mark: (i: number) => StoredMark | undefined) =>
    new Map(Array.from({ length: count }, (_, i) => [markKeyOf(envelopeOf({ sender: `s${i}`, recipient: 'bob' })), mark(i)] as const));

  it('gives HANDOVER_MARKS_MAX rows at a time, and no more than a page of bytes, however many holes they have', async () => {
    const plain = rows(600, () => ({ high: 5, holes: [] }));
    const parts = await partsOf(plain);
    expect(parts.map((part) => part.length)).toEqual([
      limits.HANDOVER_MARKS_MAX,
      limits.HANDOVER_MARKS_MAX,
      600 - 2 * limits.HANDOVER_MARKS_MAX,
    ]);
    expect(new Set(parts.flat())).toEqual(new Set(plain.keys()));
    const holes = Array.from({ length: limits.HOLES_MAX }, (_, i) => ({ from: 2 * i, to: 2 * i + 1 }));
    const wide = await partsOf(rows(100, () => ({ high: 9_999, holes })));
    for (const part of wide) expect(part.length * 16 * limits.HOLES_MAX).toBeLessThanOrEqual(limits.PAGE_BYTES_MAX + 16 * limits.HOLES_MAX);
    expect(wide.flat()).toHaveLength(100);
  });

  it('comes to an end where rows have expired since it listed them', async () => {
    const halfGone = rows(900, (i) => (i < 600 ? undefined : { high: 5, holes: [] }));
    expect((await partsOf(halfGone)).flat()).toHaveLength(300);
    expect((await partsOf(rows(900, () => undefined))).flat()).toEqual([]);
  });
});
