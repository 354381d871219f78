import type { HistoryEvent } from './history-event.ts';

/** What each watcher was told last of each user, against how the user truly is once everything is quiet (R15, R16). */
export class PresenceWords {
  private readonly last = new Map<string, Map<string, boolean | undefined>>();

  /** A new client knows nothing yet. */
  begin(watcher: string): void {
    this.last.set(watcher, new Map());
  }

  told({ watcher, user, isOnline }: Extract<HistoryEvent, { event: 'presence' }>): void {
    this.last.get(watcher)?.set(user, isOnline);
  }

  /** What is wrong with the last word; undefined where nothing is. */
  problem({ watcher, user, isOnline }: Extract<HistoryEvent, { event: 'presence-end' }>): string | undefined {
    const word = this.last.get(watcher)?.get(user);
    return word === isOnline ? undefined : `${watcher} told of ${user}: ${nameOf(word)}, is ${nameOf(isOnline)}`;
  }
}

function nameOf(isOnline: boolean | undefined): string {
  if (isOnline === undefined) return 'nothing';
  return isOnline ? 'online' : 'offline';
}
