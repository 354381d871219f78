import type { Turns } from '../measure/turns.ts';
import type { AppendOrigin, AppendRequest } from '../ports/shard-owner.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import type { Placed } from './destination.ts';

export interface AnnouncementsParts {
  readonly telemetry: Telemetry;
  readonly turns: Turns;
  /** Class of what a commit has written. */
  readonly durability: number;
  /** Called in the order of the log. */
  committed(placed: Placed): void;
}

/** What is said once a commit is durable (L1): to senders that it is, to readers what it holds. */
export class Announcements {
  private readonly parts: AnnouncementsParts;
  private readonly counters;

  constructor(parts: AnnouncementsParts) {
    const { telemetry } = parts;
    this.parts = parts;
    this.counters = {
      envelopes: telemetry.counter('iris_envelopes_committed_total', 'Envelopes appended to the log'),
      messages: telemetry.counter('iris_messages_committed_total', 'Messages appended to the log'),
    };
  }

  async make(accepted: readonly { readonly request: AppendRequest }[], placed: readonly Placed[]): Promise<void> {
    await this.answer(accepted);
    const { turns } = this.parts;
    for (let i = 0; i < placed.length; i++) {
      const one = placed[i] as Placed;
      this.counters.envelopes.value++;
      this.counters.messages.value += one.messages;
      this.parts.committed(one);
      if (turns.spend(one.bytes)) await turns.rest();
    }
  }

  private async answer(accepted: readonly { readonly request: AppendRequest }[]): Promise<void> {
    const { turns } = this.parts;
    const origins = new Set<AppendOrigin>();
    const settle = () => {
      for (const origin of origins) origin.settled();
      origins.clear();
    };
    let last: AppendOrigin | undefined;
    for (let i = 0; i < accepted.length; i++) {
      const { origin, correlation } = (accepted[i] as { request: AppendRequest }).request;
      origin.appended(correlation, this.parts.durability);
      if (origin !== last) origins.add(origin);
      last = origin;
      if (!turns.spend(0)) continue;
      settle();
      last = undefined;
      await turns.rest();
    }
    settle();
  }
}
