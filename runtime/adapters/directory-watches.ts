import type { DirectoryWatch } from '../ports/session-directory.ts';

type Hears = (isOnline: boolean | undefined) => void;

/** Who hears of which users of a directory. */
export class DirectoryWatches {
  private readonly hearers = new Map<string, Set<Hears>>();
  private readonly isOnline: (user: string) => boolean | undefined;

  /** `isOnline` as the directory knows it at that moment. */
  constructor(isOnline: (user: string) => boolean | undefined) {
    this.isOnline = isOnline;
  }

  get users(): IterableIterator<string> {
    return this.hearers.keys();
  }

  has(user: string): boolean {
    return this.hearers.has(user);
  }

  /** `ended` is called when nobody watches the user any more. */
  add(user: string, hears: Hears, ended: () => void = () => undefined): DirectoryWatch {
    const hearers = this.hearers.get(user) ?? new Set();
    this.hearers.set(user, hearers.add(hears));
    void Promise.resolve().then(() => {
      if (hearers.has(hears)) hears(this.isOnline(user));
    });
    return {
      stop: () => {
        if (!hearers.delete(hears) || hearers.size > 0) return;
        this.hearers.delete(user);
        ended();
      },
    };
  }

  changed(user: string): void {
    const hearers = this.hearers.get(user);
    if (hearers === undefined) return;
    const isOnline = this.isOnline(user);
    for (const hears of hearers) hears(isOnline);
  }
}
