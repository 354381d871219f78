import * as limits from '../contract/limits.ts';

/**
 * Where the owner of a shard group may be: its address and those of its standbys, tried in turn. Remembers the highest epoch it met, since
 * who answers with a lower one owns nothing any more (L10).
 */
export class OwnerAddresses {
  private readonly all: () => readonly string[];
  private turn = 0;
  private epoch = 0;
  /** Greetings in a row that nobody answered. */
  private unanswered = 0;

  /** `all` is asked anew for each attempt: slot maps change while nodes run. */
  constructor(all: () => readonly string[]) {
    this.all = all;
  }

  /** The one whose turn it is. */
  get current(): string {
    const all = this.all();
    return all[this.turn % all.length] as string;
  }

  /** How long the owner may be silent: not long where it may have a successor elsewhere. */
  get silentMs(): number {
    return this.hasOthers ? limits.LINK_SILENT_WITH_STANDBY_MS : limits.LINK_SILENT_MS;
  }

  /** How long the one that was greeted may be silent: a stopped one takes connections and says nothing, a busy one is waited for longer each time. */
  get greetingMs(): number {
    return this.hasOthers ? Math.min(limits.LINK_GREETING_FIRST_MS * 2 ** this.unanswered, this.silentMs) : this.silentMs;
  }

  /** The one that was greeted said nothing in time. */
  saidNothing(): void {
    this.unanswered++;
  }

  /** The one that was tried does not serve. */
  passOn(): void {
    this.turn++;
  }

  /** The group owns nothing any more: it may come back with an empty store, whose epochs begin anew. */
  forgetEpoch(): void {
    this.epoch = 0;
  }

  /** False for an owner whose epoch is over. 0 is said by a release that knows no epochs. */
  accepts(epoch: number): boolean {
    if (epoch !== 0 && epoch < this.epoch) return false;
    this.epoch = Math.max(this.epoch, epoch);
    this.unanswered = 0;
    return true;
  }

  private get hasOthers(): boolean {
    return this.all().length > 1;
  }
}
