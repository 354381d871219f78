import type { DirectoryEntry, DirectoryLogin } from '../ports/session-directory.ts';

/** A user’s latest login at this edge. */
interface Seat {
  readonly login: DirectoryLogin;
  replaced(): void;
}

/** The latest session of each user at one edge; as many as the edge has connections. */
export class SessionTable {
  private readonly seats = new Map<string, Seat>();
  private readonly changed: (user: string, gone: DirectoryLogin | undefined) => void;

  /** `changed` hears of each user whose latest login is another one now, or none: then `gone` is the one that was. */
  constructor(changed: (user: string, gone: DirectoryLogin | undefined) => void = () => undefined) {
    this.changed = changed;
  }

  get size(): number {
    return this.seats.size;
  }

  get users(): IterableIterator<string> {
    return this.seats.keys();
  }

  of(user: string): DirectoryLogin | undefined {
    return this.seats.get(user)?.login;
  }

  enter(login: DirectoryLogin, replaced: () => void): DirectoryEntry {
    const { user, loginStamp } = login;
    const before = this.seats.get(user);
    if (before !== undefined && before.login.loginStamp > loginStamp) {
      replaced();
      return { leave() {} };
    }
    this.seats.set(user, { login, replaced });
    before?.replaced();
    this.changed(user, undefined);
    return { leave: () => this.leave(login) };
  }

  /** A login with a higher stamp is known elsewhere: the one here hears it and is forgotten. */
  replace(user: string, byStamp: number): void {
    const seat = this.seats.get(user);
    if (seat === undefined || seat.login.loginStamp >= byStamp) return;
    this.seats.delete(user);
    seat.replaced();
  }

  private leave(login: DirectoryLogin): void {
    if (this.seats.get(login.user)?.login !== login) return;
    this.seats.delete(login.user);
    this.changed(login.user, login);
  }
}
