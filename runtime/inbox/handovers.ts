import { errorLine } from '../contract/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { HandoverPeers, PullAnswer, PullRequest } from '../ports/handover.ts';
import type { InboxStore } from '../ports/inbox-store.ts';
import type { SlotMaps } from '../ports/slot-maps.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import type { Committer } from './committer.ts';
import { HandoverSource } from './handover-source.ts';
import { type StrayProgress, StrayRows } from './stray-rows.ts';
import { type Arrivals, UserFetcher } from './user-fetcher.ts';

export interface HandoversParts {
  readonly store: InboxStore;
  readonly slots: SlotMaps;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly region: string;
  readonly group: string;
  readonly peers: HandoverPeers;
  readonly committer: Committer;
  readonly arrivals: () => Arrivals;
}

/** How far this core has come with a move. */
export interface HandoverProgress {
  /** Groups that may still hold users who live here. */
  readonly groupsLeft: readonly string[];
  readonly usersFetched: number;
  readonly bytesFetched: number;
  /** A move under way takes users from here; its end may have to wait for what this core still has. */
  readonly isGiving: boolean;
  /** Users kept here who live elsewhere and will be fetched; null while they are counted. */
  readonly usersToGive: number | null;
  /** Users whose messages were left behind here when this region was lost, and go to their new owners; null while they are looked for. */
  readonly straysLeft: number | null;
  /** Of a core that was lost and has come back: what it has to send on first. */
  readonly strays: StrayProgress | undefined;
}

/** Both sides of a move at one core: users it fetches, and users it still keeps for others. */
export class Handovers {
  readonly fetcher: UserFetcher;
  private readonly source: HandoverSource;
  private readonly strays: StrayRows;
  private readonly parts: HandoversParts;
  private isGiving = false;

  constructor(parts: HandoversParts) {
    this.parts = parts;
    const { committer } = parts;
    const change = committer.change.bind(committer);
    this.fetcher = new UserFetcher({ ...parts, change, raisePosition: (position) => committer.raisePosition(position) });
    this.source = new HandoverSource({
      ...parts,
      change,
      settled: () => committer.settled(),
      nextPosition: () => committer.nextUnused,
      wasFetched: (user, from) => this.fetcher.wasFetched(user, from),
    });
    this.strays = new StrayRows({
      ...parts,
      change,
      isSealed: (inbox) => parts.arrivals().isSealed(inbox),
      settled: () => committer.settled(),
      nextPosition: () => committer.nextUnused,
    });
  }

  start(): void {
    this.raisePositions();
    this.fetcher.start();
    this.give();
  }

  slotsChanged(): void {
    this.raisePositions();
    this.fetcher.slotsChanged();
    this.give();
  }

  pull(request: PullRequest): Promise<PullAnswer> {
    return this.source.pull(request);
  }

  get progress(): HandoverProgress {
    const { users, bytes } = this.fetcher.progress;
    return {
      groupsLeft: this.fetcher.groupsLeft,
      usersFetched: users,
      bytesFetched: bytes,
      isGiving: this.isGiving,
      usersToGive: this.isGiving ? (this.source.usersLeft ?? null) : 0,
      straysLeft: this.strays.usersLeft,
      strays: this.strays.progress,
    };
  }

  private give(): void {
    const { slots, group, telemetry } = this.parts;
    const { current } = slots;
    this.isGiving = current.comparedToFormer().some(({ from, to }) => from.group === group && to.group !== group);
    // Counted before anyone asks, so that who watches the move sees what is left of it.
    if (this.isGiving)
      this.source
        .users(current.map.version)
        .catch((error: unknown) => telemetry.log.error('handover-failed', { reason: errorLine(error) }));
    this.strays.send();
  }

  /** Users of a lost region have cursors of its log: what they get here has to stand behind them, also where this core missed the map of the failover. */
  private raisePositions(): void {
    const { slots, committer } = this.parts;
    committer.raisePosition(slots.current.positionsFrom);
  }
}
