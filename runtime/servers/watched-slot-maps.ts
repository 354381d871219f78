import { IrisError } from '../contract/errors.ts';
import { REGISTER_RETRY_FIRST_MS, REGISTER_RETRY_LAST_MS } from '../contract/limits.ts';
import type { Clock, Random } from '../ports/clock.ts';
import type { SlotMapRegister, SlotMapSource } from '../ports/slot-maps.ts';
import type { Telemetry } from '../ports/telemetry.ts';

export interface WatchedSlotMapsParts {
  readonly register: SlotMapRegister;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
}

/**
 * Follows a register from the first look on: what is published is here within the register’s own time, and while it is away it is asked ever more
 * rarely (F20). A look costs nothing.
 */
export class WatchedSlotMaps implements SlotMapSource {
  private readonly parts: WatchedSlotMapsParts;
  private readonly stopped = new AbortController();
  private news: { readonly document: unknown } | undefined;
  private failure: unknown;
  private first: Promise<void> | undefined;

  constructor(parts: WatchedSlotMapsParts) {
    this.parts = parts;
    parts.telemetry.gauge('iris_slot_map_source_up', '1 while the place of published slot maps answers', () =>
      this.failure === undefined ? 1 : 0,
    );
  }

  async poll(): Promise<unknown> {
    this.first ??= this.begin();
    await this.first;
    if (this.failure !== undefined) throw this.failure;
    const { news } = this;
    this.news = undefined;
    return news?.document;
  }

  close(): void {
    this.stopped.abort();
  }

  /** Resolves after the first look, however it ended. */
  private async begin(): Promise<void> {
    const revision = await this.look(() => this.parts.register.read(), undefined);
    void this.follow(revision);
  }

  private async follow(first: string | undefined): Promise<void> {
    const { register, clock, random } = this.parts;
    const { signal } = this.stopped;
    let revision = first;
    for (let waitMs = REGISTER_RETRY_FIRST_MS; !signal.aborted; ) {
      const known = revision;
      revision = await this.look(() => register.next(known, signal), known);
      if (this.failure === undefined) {
        waitMs = REGISTER_RETRY_FIRST_MS;
        continue;
      }
      const jittered = waitMs * (0.5 + random.fraction());
      await new Promise<void>((done) => clock.after(jittered, done));
      waitMs = Math.min(2 * waitMs, REGISTER_RETRY_LAST_MS);
    }
  }

  /** The revision that is known afterwards. */
  private async look(ask: () => ReturnType<SlotMapRegister['read']>, known: string | undefined): Promise<string | undefined> {
    const { register } = this.parts;
    try {
      const found = await ask();
      if (this.stopped.signal.aborted) return known;
      if (found === undefined) throw new IrisError('FILE_UNREADABLE', `${register.name} holds no slot map`);
      this.failure = undefined;
      if (found.revision !== known) this.news = { document: found.document };
      return found.revision;
    } catch (error) {
      if (!this.stopped.signal.aborted) this.failure = error;
      // What is no JSON is looked at again only when something else is there, by `next` of what was known.
      return known;
    }
  }
}
