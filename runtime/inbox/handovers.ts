import type { Clock } from '../ports/clock.ts';
import type { HandoverPeers, PullAnswer, PullRequest } from '../ports/handover.ts';
import type { InboxStore } from '../ports/inbox-store.ts';
import type { SlotMaps } from '../ports/slot-maps.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import type { Committer } from './committer.ts';
import { HandoverSource } from './handover-source.ts';
import { sendElsewhere } from './stray-rows.ts';
import { UserFetcher } from './user-fetcher.ts';

export interface HandoversParts {
  readonly store: InboxStore;
  readonly slots: SlotMaps;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly region: string;
  readonly group: string;
  readonly peers: HandoverPeers;
  readonly committer: Committer;
  readonly adopt: (inbox: string, records: PullAnswer['records']) => boolean;
}

/** How far this core has come with a move. */
export interface HandoverProgress {
  /** Groups that may still hold users who live here. */
  readonly groupsLeft: readonly string[];
  readonly usersFetched: number;
  readonly bytesFetched: number;
  /** Users kept here who live elsewhere, as far as they have been counted. */
  readonly usersToGive: number;
}

/** Both sides of a move at one core: users it fetches, and users it still keeps for others. */
export class Handovers {
  readonly fetcher: UserFetcher;
  private readonly source: HandoverSource;
  private readonly parts: HandoversParts;

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
  }

  async load(): Promise<void> {
    await this.fetcher.load();
    this.sendElsewhere();
  }

  slotsChanged(): void {
    this.fetcher.slotsChanged();
    this.sendElsewhere();
  }

  pull(request: PullRequest): Promise<PullAnswer> {
    return this.source.pull(request);
  }

  get progress(): HandoverProgress {
    const { users, bytes } = this.fetcher.progress;
    return { groupsLeft: this.fetcher.groupsLeft, usersFetched: users, bytesFetched: bytes, usersToGive: this.source.usersLeft };
  }

  private sendElsewhere(): void {
    const { committer } = this.parts;
    sendElsewhere({ ...this.parts, change: committer.change.bind(committer), settled: () => committer.settled() });
  }
}
