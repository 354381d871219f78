import { type HistoryEvent, partsOf } from './history-event.ts';
import { PresenceWords } from './presence-words.ts';
import { StrandedMessages } from './stranded-messages.ts';

/** A law that a history breaks, with the first messages that show it. */
export interface Breach {
  readonly law: string;
  readonly count: number;
  readonly first: readonly string[];
}

export interface Verdict {
  readonly sent: number;
  /** N: messages acknowledged, each of which had to arrive. */
  readonly acknowledged: number;
  readonly refused: number;
  readonly received: number;
  /** Acknowledged, not received, and reported as lost to their recipient. */
  readonly reportedLost: number;
  /** Received after later ones of the same sender, since a lost region had them. */
  readonly late: number;
  /** Words of presence that watchers were told. */
  readonly presenceTold: number;
  /** Upper bound of the share of acknowledged messages lost, at 95 % confidence, when none of N was: 3/N. */
  readonly lossBound: number;
  /** Empty when every law held. */
  readonly broken: readonly Breach[];
}

const SHOWN_MAX = 5;

/** “0 lost of N”, and the bound that N gives. */
export function verdictLine(verdict: Verdict): string {
  const { sent, acknowledged, refused, received, reportedLost, late, lossBound, broken } = verdict;
  const lost = broken.find(({ law }) => law === 'L1 durable')?.count ?? 0;
  const reported = reportedLost === 0 ? '' : `, ${reportedLost} reported as lost`;
  const laws = broken.length === 0 ? 'every law held' : broken.map(({ law, count }) => `${law} broken ${count} times`).join(', ');
  const counts = `sent ${sent}, acknowledged ${acknowledged}, refused ${refused}, received ${received}`;
  const lateText = late === 0 ? '' : `, ${late} late out of a lost region`;
  return `${counts}; ${lost} lost of ${acknowledged}${reported}${lateText}, loss bound 3/N = ${lossBound.toExponential(1)}; ${laws}`;
}

const STATUSES: readonly string[] = ['pending', 'sent', 'delivered', 'read'];

/**
 * Judges a history, event by event, simulated or real: acknowledged messages are received or reported as gone (L1, L4); each once at the
 * application (L2); per sender and recipient in order (L3); every read from one cursor alike (L4); nothing received that was not sent to
 * this user (L5); statuses that never go back, are never ahead of the recipient and reach the sender (L6); one owner per group and epoch (L10);
 * watchers whose last word is the truth (R16).
 */
export class HistoryChecker {
  private readonly sent = new Set<string>();
  private readonly acknowledged = new Set<string>();
  private readonly received = new Set<string>();
  /** Acknowledged and not received. */
  private readonly awaited = new Set<string>();
  private readonly confirmed = new Set<string>();
  private readonly statuses = new Map<string, number>();
  private readonly reads = new Map<string, string[]>();
  private readonly readAt = new Map<string, number>();
  /** Per sender and recipient. */
  private readonly last = new Map<string, { readonly number: number; readonly place: string }>();
  private readonly stranded = new StrandedMessages();
  private readonly presence = new PresenceWords();
  private readonly reportedLost = new Map<string, number>();
  private readonly owners = new Map<string, string>();
  private readonly lastEpoch = new Map<string, number>();
  private readonly breaches = new Map<string, { count: number; first: string[] }>();
  private refused = 0;
  private presenceTold = 0;

  take(event: HistoryEvent): void {
    switch (event.event) {
      case 'send':
        this.sent.add(event.message);
        return;
      case 'ack':
        this.acknowledged.add(event.message);
        if (!this.received.has(event.message)) this.awaited.add(event.message);
        return;
      case 'refuse':
        this.refused++;
        return;
      case 'receive':
        this.receive(event);
        return;
      case 'cursor':
        this.confirmed.add(event.message);
        return;
      case 'read':
        this.read(event);
        return;
      case 'read-end':
        this.readEnd(event);
        return;
      case 'status':
        this.status(event.message, event.status);
        return;
      case 'status-end':
        this.status(event.message, event.status);
        if (event.status === 'sent' && this.confirmed.has(event.message))
          this.breach('L6 status', `${event.message} never known as delivered`);
        return;
      case 'gap':
        this.reportedLost.set(event.user, (this.reportedLost.get(event.user) ?? 0) + event.messages);
        return;
      case 'stranded':
        this.stranded.add(
          event.users,
          [...this.sent].filter((message) => !this.received.has(message)),
        );
        return;
      case 'watch':
        this.presence.begin(event.watcher);
        return;
      case 'presence':
        this.presenceTold++;
        this.presence.told(event);
        return;
      case 'presence-end': {
        const problem = this.presence.problem(event);
        if (problem !== undefined) this.breach('R16 presence', problem);
        return;
      }
      case 'own':
        this.own(event);
    }
  }

  get acknowledgedCount(): number {
    return this.acknowledged.size;
  }

  get receivedCount(): number {
    return this.received.size;
  }

  /** Every acknowledged message has been received. */
  get isComplete(): boolean {
    return this.awaited.size === 0;
  }

  /** Call when everything has had time to arrive. */
  verdict(): Verdict {
    const { lost, reported } = this.lost();
    const broken = [...this.breaches].map(([law, breach]) => ({ law, ...breach }));
    if (lost.length > 0) broken.push({ law: 'L1 durable', count: lost.length, first: lost.slice(0, SHOWN_MAX) });
    const acknowledged = this.acknowledged.size;
    return {
      sent: this.sent.size,
      acknowledged,
      refused: this.refused,
      received: this.received.size,
      reportedLost: reported,
      late: this.stranded.late,
      presenceTold: this.presenceTold,
      lossBound: acknowledged === 0 ? 1 : Math.min(1, 3 / acknowledged),
      broken: broken.toSorted((a, b) => a.law.localeCompare(b.law)),
    };
  }

  private receive({ user, message, place = '' }: Extract<HistoryEvent, { event: 'receive' }>): void {
    const [sender, recipient, number] = partsOf(message);
    if (!this.sent.has(message) || recipient !== user) this.breach('L5 true sender', message);
    if (this.received.has(message)) {
      this.breach('L2 once', message);
      return;
    }
    this.received.add(message);
    this.awaited.delete(message);
    const pair = `${sender}/${recipient}`;
    const last = this.last.get(pair);
    if (this.stranded.isExcused(message, number < (last?.number ?? 0))) return;
    if (last === undefined || number > last.number) this.last.set(pair, { number, place });
    else if (place === '' || place > last.place) this.breach('L3 order', message);
  }

  private readEnd({ user, from, read }: Extract<HistoryEvent, { event: 'read-end' }>): void {
    const prefix = `${user} ${from} `;
    for (const [log, known] of this.reads) {
      if (!log.startsWith(prefix)) continue;
      const at = this.readAt.get(`${log} ${read}`) ?? 0;
      if (at < known.length) this.breach('L4 repeatable', `${known[at]} missing from a later read`);
    }
  }

  private read({ user, from, read, bucket, message }: Extract<HistoryEvent, { event: 'read' }>): void {
    const [log, place] = [`${user} ${from} ${bucket}`, `${user} ${from} ${bucket} ${read}`];
    const known = this.reads.get(log) ?? [];
    this.reads.set(log, known);
    const at = this.readAt.get(place) ?? 0;
    this.readAt.set(place, at + 1);
    if (at === known.length) known.push(message);
    else if (known[at] !== message) this.breach('L4 repeatable', `${message} in place of ${known[at]}`);
  }

  private status(message: string, status: string): void {
    const [rank, before] = [STATUSES.indexOf(status), this.statuses.get(message) ?? -1];
    if (rank < before) this.breach('L6 status', `${message} back from ${STATUSES[before]} to ${status}`);
    if (rank >= STATUSES.indexOf('delivered') && !this.confirmed.has(message)) this.breach('L6 status', `${message} ${status} too early`);
    this.statuses.set(message, Math.max(rank, before));
  }

  private own({ group, epoch, holder }: Extract<HistoryEvent, { event: 'own' }>): void {
    const key = `${group} epoch ${epoch}`;
    const [owner, last] = [this.owners.get(key), this.lastEpoch.get(group) ?? -1];
    if (owner !== undefined && owner !== holder) this.breach('L10 one owner', `${key}: ${owner} and ${holder}`);
    if (epoch < last) this.breach('L10 one owner', `${key} after epoch ${last}`);
    this.owners.set(key, holder);
    this.lastEpoch.set(group, Math.max(epoch, last));
  }

  /** Of what a user did not receive, as much as was reported to that user is not lost in silence. */
  private lost(): { lost: string[]; reported: number } {
    const left = new Map(this.reportedLost);
    const lost: string[] = [];
    for (const message of this.awaited) {
      const [, recipient] = partsOf(message);
      const count = left.get(recipient) ?? 0;
      if (count > 0) left.set(recipient, count - 1);
      else lost.push(message);
    }
    return { lost, reported: this.awaited.size - lost.length };
  }

  private breach(law: string, what: string): void {
    const breach = this.breaches.get(law) ?? { count: 0, first: [] };
    this.breaches.set(law, breach);
    breach.count++;
    if (breach.first.length < SHOWN_MAX) breach.first.push(what);
  }
}
