import { isBucketName } from '../contract/bucket-name.ts';
import * as limits from '../contract/limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { currentOf, type Layouts } from './layouts.ts';
import type { Promotions } from './promotions.ts';
import type { WriteRates } from './write-rates.ts';

export interface HotInboxesParts {
  readonly layouts: Layouts;
  readonly promotions: Promotions;
  readonly rates: WriteRates;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Messages a second that one bucket should take at most. */
  readonly messagesPerSecondMax: number;
  /** Cores that buckets can be spread over. */
  coresInRegion(): number;
}

/**
 * Promotes inboxes that take more than one bucket should, and demotes them when they have been calm. What an operator has promoted stays
 * as it is until an operator changes it, unless it needs more. Between two changes of one inbox lies PROMOTION_REST_MS at least, and a
 * demotion wants half the load for CALM_MS, so it does not flap (F15).
 */
export class HotInboxes {
  private readonly parts: HotInboxesParts;
  private readonly changedMs = new Map<string, number>();
  private readonly calmSinceMs = new Map<string, number>();
  private readonly counters;

  constructor(parts: HotInboxesParts) {
    this.parts = parts;
    this.counters = {
      promoted: parts.telemetry.counter('iris_inboxes_promoted_total', 'Inboxes that got more buckets because of their load'),
      demoted: parts.telemetry.counter('iris_inboxes_demoted_total', 'Inboxes that went back to one bucket after they had been calm'),
    };
  }

  /** After the rates have turned. */
  async sweep(): Promise<void> {
    const { rates, layouts, messagesPerSecondMax } = this.parts;
    if (this.parts.coresInRegion() < 2) return;
    for (const [inbox, rate] of rates.above(messagesPerSecondMax)) {
      if (!isBucketName(Buffer.from(inbox, 'latin1')) && layouts.of(inbox) === undefined) await this.change(inbox, this.bucketsFor(rate));
    }
    for (const user of layouts.users()) await this.judge(user);
    this.forgetOld();
  }

  private async judge(user: string): Promise<void> {
    const layout = this.parts.layouts.of(user);
    const loads = await this.parts.promotions.loadsOf(user);
    if (layout === undefined || loads === undefined) return;
    const total = loads.reduce((sum, load) => sum + load, 0);
    const { messagesPerSecondMax } = this.parts;
    const { isAutomatic, salts } = currentOf(layout);
    const wanted = this.bucketsFor(total);
    // One sender above the limit fills its bucket however many there are.
    if (Math.max(...loads) > messagesPerSecondMax && wanted > salts.length) {
      await this.change(user, wanted);
      return;
    }
    const isCalm = isAutomatic && salts.length > 1 && total < messagesPerSecondMax / 2;
    const nowMs = this.parts.clock.monotonicMs();
    if (!isCalm) this.calmSinceMs.delete(user);
    else if (nowMs - (this.calmSinceMs.get(user) ?? nowMs) >= limits.CALM_MS) await this.change(user, 1);
    else if (!this.calmSinceMs.has(user)) this.calmSinceMs.set(user, nowMs);
  }

  private async change(user: string, buckets: number): Promise<void> {
    const { clock, promotions, telemetry } = this.parts;
    const nowMs = clock.monotonicMs();
    if (nowMs - (this.changedMs.get(user) ?? -limits.PROMOTION_REST_MS) < limits.PROMOTION_REST_MS) return;
    this.changedMs.set(user, nowMs);
    this.calmSinceMs.delete(user);
    const name = Buffer.from(user, 'latin1');
    try {
      await promotions.promote(name, buckets, { isAutomatic: true });
      (buckets > 1 ? this.counters.promoted : this.counters.demoted).value++;
      telemetry.log.info('inbox-promoted', { user: name.toString('utf8'), buckets });
    } catch (error) {
      telemetry.log.warn('inbox-not-promoted', { user: name.toString('utf8'), buckets, reason: String(error) });
    }
  }

  /** With a half to spare, so that the next rise finds room. */
  private bucketsFor(messagesPerSecond: number): number {
    const wanted = Math.ceil((1.5 * messagesPerSecond) / this.parts.messagesPerSecondMax);
    return Math.min(limits.AUTOMATIC_BUCKETS_MAX, Math.max(2, wanted));
  }

  private forgetOld(): void {
    const nowMs = this.parts.clock.monotonicMs();
    for (const [user, atMs] of this.changedMs) if (nowMs - atMs > limits.PROMOTION_REST_MS) this.changedMs.delete(user);
    for (const user of this.calmSinceMs.keys()) if (this.parts.layouts.of(user) === undefined) this.calmSinceMs.delete(user);
  }
}
