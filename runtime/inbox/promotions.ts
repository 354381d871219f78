import { userTextOfInbox } from '../contract/bucket-name.ts';
import { errorLine, IrisError } from '../contract/errors.ts';
import { type Generation, inboxesOf, type Layout } from '../contract/layout.ts';
import * as limits from '../contract/limits.ts';
import type { BucketOwners, BucketReport } from '../ports/bucket-owners.ts';
import type { Clock, Random } from '../ports/clock.ts';
import type { SlotMaps } from '../ports/slot-maps.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { chooseSalts } from './bucket-salts.ts';
import type { Committer } from './committer.ts';
import { durably } from './durable-change.ts';
import type { Layouts } from './layouts.ts';
import type { SealedInboxes } from './sealed-inboxes.ts';

export interface PromotionsParts {
  readonly committer: Committer;
  readonly layouts: Layouts;
  readonly sealed: SealedInboxes;
  readonly slots: SlotMaps;
  readonly owners: BucketOwners;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  readonly region: string;
  readonly group: string;
  /** The bucket of this core. */
  report(inbox: Buffer, options: { seal: boolean }): Promise<BucketReport>;
  /** Linked nodes of a release that reads no buckets. */
  nodesWithoutBuckets(): readonly string[];
  /** The layout is durable; whoever reads the inbox should hear of it. */
  changed(user: string, layout: Layout): void;
}

const OPEN = { isSealed: false, isDrained: false, sealedAtMs: 0 };

/** Where an inbox stands. */
export interface Promotion {
  readonly user: string;
  readonly generation: number;
  readonly buckets: number;
}

/**
 * Changes how many buckets an inbox has. A new generation opens with one commit; from then on the user’s home sends everything there.
 * The older generations are then sealed at their owners and kept until they are read, and what is known of their senders for
 * DEDUP_WINDOW_MS. The layout in the store says how far this has come, so a crash at any point is taken up from it.
 */
export class Promotions {
  private readonly parts: PromotionsParts;
  private readonly sealing = new Set<string>();

  constructor(parts: PromotionsParts) {
    this.parts = parts;
  }

  /** Goes on with what the last run left unfinished. */
  resume(): void {
    for (const user of this.parts.layouts.users()) this.sealOlder(user);
  }

  /**
   * Gives the inbox `count` buckets; resolves when that is durable. 1 for an inbox that was never promoted changes nothing.
   * @throws IrisError COMMAND_INVALID also for a node that is too old, STORE_FAILED, OVERLOADED while an earlier change is under way or too many have been made
   */
  async promote(user: Buffer, count: number, options: { isAutomatic: boolean; isForced?: boolean }): Promise<Promotion> {
    const { layouts, committer, clock } = this.parts;
    const key = user.toString('latin1');
    const layout = layouts.of(key);
    this.check(user, count, layout);
    if (options.isForced !== true && count > 1) this.checkNodes(user);
    const { isAutomatic } = options;
    if (layout === undefined && count === 1) return { user: user.toString('utf8'), generation: 0, buckets: 1 };
    const older = layout?.generations ?? [{ ...OPEN, number: 0, isAutomatic: false, salts: [] }];
    const number = (older.at(-1) as Generation).number + 1;
    const salts = chooseSalts(user, number, count, { ...this.parts, nowMs: clock.nowMs() });
    layouts.set(key, {
      generations: [...withoutAged(older, clock.nowMs()), { ...OPEN, number, isAutomatic, salts }],
    });
    // The user’s own inbox is closed to what comes after this line; what came before is committed before it counts as sealed.
    if (layout === undefined) void this.parts.sealed.seal(user, { hasRecord: false });
    try {
      await durably((change) => committer.change(change), { apply: (batch) => layouts.write(batch, key) });
    } catch (error) {
      this.writeAgain(key);
      throw error;
    }
    this.tell(key);
    this.sealOlder(key);
    return { user: user.toString('utf8'), generation: number, buckets: count };
  }

  /**
   * A user is back who had but one inbox meanwhile: that is read once more, before a new generation, which asks it too for what it knows of
   * senders. The caller writes the layout.
   */
  reopen(user: string): void {
    const { layouts, clock } = this.parts;
    const older = layouts.of(user)?.generations ?? [];
    const { number, isAutomatic, salts } = older.at(-1) as Generation;
    const first = { ...OPEN, number: 0, isAutomatic: false, salts: [], isSealed: true, sealedAtMs: clock.nowMs() };
    const next = {
      ...OPEN,
      number: number + 1,
      isAutomatic,
      salts: chooseSalts(Buffer.from(user, 'latin1'), number + 1, salts.length, { ...this.parts, nowMs: clock.nowMs() }),
    };
    layouts.set(user, { generations: [first, ...older.filter((one) => one.number > 0), next] });
  }

  /**
   * Who has buckets of a lost region, or has them back, knows nothing of the other’s seals: older generations are sealed there once more, and read
   * once more, since what was put there meanwhile by who knew no better is acknowledged (L1).
   */
  sealAgain(): void {
    const { slots, clock } = this.parts;
    const { current } = slots;
    const nowMs = clock.nowMs();
    if (!current.hasInherited && !current.hasGivenUp(nowMs)) return;
    const isAnothers = (inbox: Buffer) =>
      (current.hasInherited && current.formerHomeOfUser(inbox) !== undefined) || current.isGivenUp(inbox, nowMs);
    for (const user of this.parts.layouts.users()) {
      const generations = this.parts.layouts.of(user)?.generations ?? [];
      const again = generations.map((one, i) =>
        i < generations.length - 1 && one.number > 0 && inboxesOf(Buffer.from(user, 'latin1'), one).some(isAnothers)
          ? { ...one, isSealed: false, isDrained: false }
          : one,
      );
      if (again.some((one, i) => one !== generations[i])) this.write(user, { generations: again });
      this.sealOlder(user);
    }
  }

  /** Marks what has been read to its end, forgets what has aged. */
  async sweep(): Promise<void> {
    for (const user of this.parts.layouts.users()) await this.sweepOne(user);
  }

  /** Messages a second of each bucket that takes them now; undefined while an owner does not say. */
  async loadsOf(user: string): Promise<number[] | undefined> {
    const current = this.parts.layouts.of(user)?.generations.at(-1);
    if (current === undefined) return undefined;
    const reports = await Promise.all(inboxesOf(Buffer.from(user, 'latin1'), current).map((inbox) => this.ask(inbox, { seal: false })));
    return reports.includes(undefined) ? undefined : reports.map((report) => report?.messagesPerSecond ?? 0);
  }

  private check(user: Buffer, count: number, layout: Layout | undefined): void {
    if (!Number.isInteger(count) || count < 1 || count > limits.BUCKETS_MAX)
      throw new IrisError('COMMAND_INVALID', `${count} buckets, must be a whole number of 1 to ${limits.BUCKETS_MAX}`);
    if (this.parts.slots.current.isInherited(user))
      throw new IrisError('COMMAND_INVALID', `${user.toString('utf8')} is here while its region is lost; promote it after iris failback`);
    // Until then a bucket of the user passes for one that only the region knows.
    if (this.parts.slots.current.isGivenUp(user, this.parts.clock.nowMs()))
      throw new IrisError(
        'COMMAND_INVALID',
        `the region of ${user.toString('utf8')} was given up; promote it after iris failback, or ${limits.GIVEN_UP_MS / 3_600_000} hours after it was`,
      );
    if (layout === undefined && this.parts.layouts.size >= limits.LAYOUTS_MAX)
      throw new IrisError('OVERLOADED', `${this.parts.layouts.size} inboxes of this core are promoted, the limit`);
    if (layout !== undefined && layout.generations.length >= limits.GENERATIONS_MAX)
      throw new IrisError('OVERLOADED', `the inbox was changed ${layout.generations.length} times in the last days, the limit; wait a day`);
    const isUnderWay = layout?.generations.slice(0, -1).some((generation) => !generation.isSealed) ?? false;
    if (isUnderWay)
      throw new IrisError('OVERLOADED', `an earlier change of ${user.toString('utf8')} is still under way; try again in a moment`);
  }

  /** A session at an older edge would see nothing of the buckets until its client connects elsewhere. */
  private checkNodes(user: Buffer): void {
    const nodes = [...new Set(this.parts.nodesWithoutBuckets())];
    if (nodes.length === 0) return;
    const message = `${nodes.join(', ')} of an older release cannot read the buckets of ${user.toString('utf8')}; upgrade it, or add --force`;
    throw new IrisError('COMMAND_INVALID', message);
  }

  private sealOlder(user: string): void {
    if (this.sealing.has(user)) return;
    const open = this.parts.layouts
      .of(user)
      ?.generations.slice(0, -1)
      .find((generation) => !generation.isSealed);
    if (open === undefined) return;
    this.sealing.add(user);
    void this.sealOne(user, open);
  }

  private async sealOne(user: string, generation: Generation): Promise<void> {
    const isDone = await this.sealGeneration(Buffer.from(user, 'latin1'), generation);
    this.sealing.delete(user);
    if (isDone) {
      this.update(user, generation.number, { isSealed: true, sealedAtMs: this.parts.clock.nowMs() });
      this.sealOlder(user);
    } else this.parts.clock.after(limits.BUCKET_QUERY_RETRY_MS, () => this.sealOlder(user));
  }

  /** Not before the generation behind it is on the disk: a crash would leave one sealed that still takes everything. */
  private async sealGeneration(user: Buffer, generation: Generation): Promise<boolean> {
    await this.parts.committer.written();
    const { current } = this.parts.slots;
    const reports = await Promise.all(inboxesOf(user, generation).map((inbox) => this.ask(inbox, { seal: true })));
    return this.parts.slots.current === current && reports.every((report) => report?.isSealed === true);
  }

  private async sweepOne(user: string): Promise<void> {
    const layout = this.parts.layouts.of(user);
    const { current } = this.parts.slots;
    for (const generation of layout?.generations.slice(0, -1) ?? []) {
      if (!generation.isSealed || generation.isDrained) continue;
      const inboxes = inboxesOf(Buffer.from(user, 'latin1'), generation);
      const reports = await Promise.all(inboxes.map((inbox) => this.ask(inbox, { seal: true })));
      // By another map others may have the buckets, who were not asked.
      if (this.parts.slots.current !== current || !reports.every((report) => report?.isSealed === true && report.isEmpty)) return;
      this.update(user, generation.number, { isDrained: true });
    }
    const present = this.parts.layouts.of(user);
    if (present === undefined) return;
    const kept = withoutAged(present.generations, this.parts.clock.nowMs());
    if (kept.length < present.generations.length) this.write(user, { generations: kept });
  }

  /** Undefined while an owner does not say; one inbox that cannot be read does not keep the others from being looked after. */
  private async ask(inbox: Buffer, options: { seal: boolean }): Promise<BucketReport | undefined> {
    const { slots, group, telemetry } = this.parts;
    // A user’s own inbox is here: its layout is.
    const home = slots.current.homeOfUser(inbox);
    const isHere = home.group === group || userTextOfInbox(inbox.toString('latin1')).length === inbox.length;
    if (!isHere) return await this.parts.owners.bucket(home.address, inbox, options);
    try {
      return await this.parts.report(inbox, options);
    } catch (error) {
      telemetry.log.error('bucket-failed', { reason: errorLine(error) });
      return undefined;
    }
  }

  private update(user: string, number: number, change: Partial<Generation>): void {
    const generations = this.parts.layouts.of(user)?.generations;
    // The user has moved to another core meanwhile.
    if (generations === undefined) return;
    this.write(user, { generations: generations.map((one) => (one.number === number ? { ...one, ...change } : one)) });
  }

  private write(user: string, layout: Layout): void {
    this.parts.layouts.set(user, layout);
    this.parts.committer.change({
      apply: (batch) => this.parts.layouts.write(batch, user),
      done: () => this.tell(user),
      dropped: () => this.writeAgain(user),
      isSynced: true,
    });
  }

  /** The change was dropped, but senders may have been sent to what memory knows since: a restart has to know it too (L1). */
  private writeAgain(user: string): void {
    this.parts.clock.after(limits.BUCKET_QUERY_RETRY_MS, () => {
      const layout = this.parts.layouts.of(user);
      if (layout !== undefined) this.write(user, layout);
    });
  }

  private tell(user: string): void {
    const layout = this.parts.layouts.of(user);
    if (layout !== undefined) this.parts.changed(user, layout);
  }
}

/** Without the generations whose messages are read and whose senders’ retries are out of the window (X2). */
function withoutAged(generations: readonly Generation[], nowMs: number): readonly Generation[] {
  return generations.filter((one, i) => i === generations.length - 1 || !one.isDrained || nowMs - one.sealedAtMs < limits.DEDUP_WINDOW_MS);
}
