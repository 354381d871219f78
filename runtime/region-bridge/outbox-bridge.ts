import { userOfInbox } from '../contract/bucket-name.ts';
import { ERROR_CODES, errorLine } from '../contract/errors.ts';
import {
  HELD_RECIPIENTS_MAX,
  HELD_RETRY_MS,
  LINK_RETRY_FIRST_MS,
  LINK_RETRY_LAST_MS,
  PAGE_BYTES_MAX,
  PAGE_ENVELOPES_MAX,
  PUSH_CREDIT_BYTES,
} from '../contract/limits.ts';
import type { ShardHome } from '../contract/slot-map.ts';
import { type FollowedLog, LogFollower } from '../follow/log-follower.ts';
import type { ReplayLane } from '../follow/replay-lane.ts';
import type { Bus, Publisher, Refusal } from '../ports/bus.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { InboxStore, StoreBatch, StoredEnvelope } from '../ports/inbox-store.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { envelopeRecipient, readdress } from '../wire/envelope.ts';
import { APPEND_FORWARDED, SEND_RETRY } from '../wire/v2/send.ts';
import type { OwnLog } from './own-log.ts';

/** An envelope that another region will never take. */
export interface SetAsideLetter {
  readonly from: 'outbox';
  readonly group: string;
  readonly position: number;
  readonly envelope: Buffer;
  readonly tries: number;
  readonly reason: string;
  /** Takes it from the outbox, with the same commit. */
  readonly remove: (batch: StoreBatch) => void;
}

export interface OutboxBridgeParts {
  readonly store: InboxStore;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly lane: ReplayLane;
  /** Users whose inbox is full, of all bridges of this core, one byte a character. While they stand here senders are refused. */
  readonly heldBack: Set<string>;
  /** Where a user lives by the slot map in force. */
  homeOf(recipient: Buffer): ShardHome;
  /** Whether what is for this inbox has to go to its user: its region was given up, so that nobody may know the bucket any more. */
  isAstray(inbox: Buffer): boolean;
  /** For what this outbox holds of users who have moved. */
  readonly ownLog: OwnLog;
  /** `done` hears that it is in the store; a patient one may wait for a commit that others need. */
  change(change: { apply(batch: StoreBatch): void; done?(): void; isPatient?: boolean }): void;
  /** Keeps an envelope apart with the reason; false when there is no room for more of them. */
  setAside(letter: SetAsideLetter): boolean;
  /** A publisher id never used before in this run. */
  nextPublisherId(): number;
}

/** Of all bridges of a core; 0 before one is made. */
export function bridgeCounters(telemetry: Telemetry) {
  return {
    forwarded: telemetry.counter('iris_bridge_forwarded_total', 'Envelopes another region has committed'),
    refusedForGood: telemetry.counter('iris_bridge_refused_for_good_total', 'Envelopes another region refused and will never take'),
  };
}

/**
 * Drains the outbox to another group: at least once, in order, with PUSH_CREDIT_BYTES under way (L9). A refusal starts
 * the outbox over from its oldest entry, as a new publisher, so that nothing overtakes it; one for a full inbox holds back what is for
 * that user alone, until HELD_RETRY_MS later everything that is left is tried again.
 */
export class OutboxBridge implements Publisher, FollowedLog {
  publisherId: number;
  private readonly parts: OutboxBridgeParts;
  private readonly group: string;
  private readonly underWay = new Map<number, number>();
  /** Positions that this core’s own log takes, until they are out of this outbox: given to it again they would be there twice. */
  private readonly takenBack = new Set<number>();
  /** Users whose inbox there is full, one byte a character; what is for them stays here. */
  private readonly held = new Set<string>();
  private heldTimer: Timer | undefined;
  private readonly counters: ReturnType<typeof bridgeCounters>;
  private follower: LogFollower;
  private retryMs = LINK_RETRY_FIRST_MS;
  private isWaiting = false;
  private isStopped = false;

  constructor(parts: OutboxBridgeParts, group: string) {
    this.parts = parts;
    this.group = group;
    this.publisherId = parts.nextPublisherId();
    this.counters = bridgeCounters(parts.telemetry);
    this.follower = this.follow();
  }

  committed(entry: StoredEnvelope): void {
    if (!this.isWaiting && !this.isStopped) this.follower.committed(entry);
  }

  /** Envelopes forwarded and not yet answered. */
  get underWayCount(): number {
    return this.underWay.size;
  }

  stop(): void {
    this.isStopped = true;
    this.follower.stop();
  }

  published(position: number): void {
    this.retryMs = LINK_RETRY_FIRST_MS;
    this.counters.forwarded.value++;
    this.settle(position);
  }

  refused(position: number, _count: number, recipient: Buffer, refusal: Refusal): void {
    const bytes = this.underWay.get(position);
    const wasTakenBack = this.takenBack.delete(position);
    if (bytes === undefined) {
      // It was passed over meanwhile.
      if (wasTakenBack) this.startOver(refusal);
      return;
    }
    const name = recipient.toString('latin1');
    if (this.held.has(name) || (refusal.code === 'INBOX_FULL' && this.held.size < HELD_RECIPIENTS_MAX)) {
      this.hold(name);
      this.underWay.delete(position);
      this.follower.grant(bytes);
      return;
    }
    if (ERROR_CODES[refusal.code].retry) {
      this.startOver(refusal);
      return;
    }
    this.parts.telemetry.log.error('bridge-refused-for-good', {
      group: this.group,
      position,
      code: refusal.code,
      reason: refusal.message,
    });
    this.counters.refusedForGood.value++;
    void this.setAside(position, `${refusal.code}: ${refusal.message}`);
  }

  /** What was refused is repeated by a new publisher, so nothing of this one waits behind it. */
  isFenced(): boolean {
    return false;
  }

  /**
   * It was acknowledged here, so it is kept, out of the way of the others (L1, F14). Where it cannot be read, or no more letters may be kept, it is
   * tried again: else it would use up the bridge’s credit until the next start.
   */
  private async setAside(position: number, reason: string): Promise<void> {
    const { publisherId } = this;
    const isDone = await this.trySetAside(position, reason).catch((error: unknown) => {
      this.parts.telemetry.log.error('outbox-read-failed', { group: this.group, reason: errorLine(error) });
      return false;
    });
    if (isDone) return;
    this.parts.clock.after(HELD_RETRY_MS, () => {
      if (!this.isStopped && this.publisherId === publisherId) void this.setAside(position, reason);
    });
  }

  /** False where there is no room for it. @throws IrisError STORE_FAILED */
  private async trySetAside(position: number, reason: string): Promise<boolean> {
    const { publisherId } = this;
    const [entry] = await this.parts.store.readOutbox(this.group, position - 1, { envelopesMax: 1, bytesMax: PAGE_BYTES_MAX });
    if (entry?.position !== position || this.publisherId !== publisherId) return true;
    const remove = (batch: StoreBatch) => batch.removeOutbox(this.group, position);
    const { envelope } = entry;
    if (!this.parts.setAside({ from: 'outbox', group: this.group, position, envelope, tries: 1, reason, remove })) return false;
    const bytes = this.underWay.get(position) ?? 0;
    this.underWay.delete(position);
    this.follower.grant(bytes);
    return true;
  }

  private settle(position: number): void {
    const isTakenBack = this.takenBack.has(position);
    if (!isTakenBack && !this.underWay.has(position)) return;
    const done = () => {
      this.takenBack.delete(position);
      this.release(position);
    };
    const apply = (batch: StoreBatch) => batch.removeOutbox(this.group, position);
    this.parts.change(isTakenBack ? { apply, done, isPatient: true } : { apply });
    this.release(position);
  }

  private release(position: number): void {
    const bytes = this.underWay.get(position);
    if (bytes === undefined) return;
    this.underWay.delete(position);
    this.follower.grant(bytes);
  }

  private hold(name: string): void {
    if (this.held.size === 0) this.heldTimer = this.parts.clock.after(HELD_RETRY_MS, () => this.retryHeld());
    this.held.add(name);
    this.parts.heldBack.add(name);
  }

  private retryHeld(): void {
    if (this.isStopped) return;
    this.leaveOff();
    if (!this.isWaiting) this.follower = this.follow();
  }

  /** Ends what is under way; the owner forgets what it has refused to this publisher. */
  private leaveOff(): void {
    this.follower.stop();
    this.parts.bus.forget(this);
    this.parts.ownLog.forget(this);
    this.publisherId = this.parts.nextPublisherId();
    this.underWay.clear();
    this.heldTimer?.stop();
    for (const name of this.held) this.parts.heldBack.delete(name);
    this.held.clear();
  }

  private startOver(refusal: Refusal): void {
    this.leaveOff();
    if (this.isWaiting || this.isStopped) return;
    this.isWaiting = true;
    this.parts.telemetry.log.warn('bridge-waits', { group: this.group, code: refusal.code, retryMs: this.retryMs });
    this.parts.clock.after(Math.max(this.retryMs, refusal.retryAfterMs), () => {
      this.isWaiting = false;
      if (!this.isStopped) this.follower = this.follow();
    });
    this.retryMs = Math.min(this.retryMs * 2, LINK_RETRY_LAST_MS);
  }

  private follow(): LogFollower {
    const follower = new LogFollower(this, { lane: this.parts.lane, after: 0, creditBytes: PUSH_CREDIT_BYTES });
    follower.start();
    return follower;
  }

  read(after: number, bytesMax: number): Promise<StoredEnvelope[]> {
    return this.parts.store.readOutbox(this.group, after, { envelopesMax: PAGE_ENVELOPES_MAX, bytesMax });
  }

  failed(error: unknown): void {
    this.parts.telemetry.log.error('outbox-read-failed', { group: this.group, reason: errorLine(error) });
    this.parts.clock.after(1_000, () => this.follower.start());
  }

  push({ position, envelope }: StoredEnvelope): void {
    if (this.held.size > 0 && this.held.has(userOfInbox(envelopeRecipient(envelope)).toString('latin1'))) {
      this.follower.grant(envelope.length);
      return;
    }
    const recipient = envelopeRecipient(envelope);
    const home = this.parts.homeOf(recipient);
    this.underWay.set(position, envelope.length);
    if (this.takenBack.has(position)) return;
    if (this.parts.isAstray(recipient)) {
      this.takeBack(position, readdress(envelope, userOfInbox(recipient)));
      return;
    }
    // Always a retry: the same message may have come through another region's outbox, when its sender moved before it heard the ack.
    if (home.group === this.group)
      this.parts.bus.forward(home.address, this, { flags: SEND_RETRY | APPEND_FORWARDED, token: position, envelope });
    else this.takeBack(position, envelope);
  }

  private takeBack(position: number, envelope: Buffer): void {
    this.takenBack.add(position);
    this.parts.ownLog.forward(this, { flags: SEND_RETRY, token: position, envelope });
  }
}
