import { partsOf } from './history-event.ts';

/**
 * Messages that may come after later ones of the same sender (L3), since their recipient’s region was lost and others went on without what it
 * held: those on their way at that moment, and those below the first that the sender’s device got through to the new owner, which
 * cannot know what came before.
 */
export class StrandedMessages {
  /** Received after later ones. */
  late = 0;
  private readonly messages = new Set<string>();
  private readonly users = new Set<string>();
  /** Per sender and recipient: the number of the first received since; messages below may still come. */
  private readonly firsts = new Map<string, number>();

  add(users: readonly string[], unreceived: readonly string[]): void {
    const meant = new Set(users);
    for (const user of users) this.users.add(user);
    for (const message of unreceived) if (meant.has(partsOf(message)[1])) this.messages.add(message);
    for (const pair of this.firsts.keys()) if (meant.has(partsOf(pair)[1])) this.firsts.delete(pair);
  }

  /** `isEarlier`: a later one of the same sender was received before. */
  isExcused(message: string, isEarlier: boolean): boolean {
    if (this.users.size === 0) return false;
    const [sender, recipient, number] = partsOf(message);
    if (!this.users.has(recipient)) return false;
    const pair = `${sender}/${recipient}`;
    const first = this.firsts.get(pair);
    if (first === undefined && !isEarlier && !this.messages.has(message)) this.firsts.set(pair, number);
    if (!isEarlier || !(this.messages.has(message) || number < (first ?? 0))) return false;
    this.late++;
    return true;
  }
}
