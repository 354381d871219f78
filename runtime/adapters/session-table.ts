import type { DirectoryEntry, DirectoryLogin, LoginHolder } from '../ports/session-directory.ts';

/** A login at this edge: one object and no closure, since there are as many as sessions. */
class Seat implements DirectoryEntry {
  readonly login: DirectoryLogin;
  readonly holder: LoginHolder;
  private readonly table: SessionTable;

  constructor(login: DirectoryLogin, holder: LoginHolder, table: SessionTable) {
    this.login = login;
    this.holder = holder;
    this.table = table;
  }

  leave(): void {
    this.table.leave(this);
  }
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

  enter(login: DirectoryLogin, holder: LoginHolder): DirectoryEntry {
    const { user, loginStamp } = login;
    const seat = new Seat(login, holder, this);
    const before = this.seats.get(user);
    if (before !== undefined && before.login.loginStamp > loginStamp) {
      holder.replaced();
      return seat;
    }
    this.seats.set(user, seat);
    before?.holder.replaced();
    this.changed(user, undefined);
    return seat;
  }

  /** A login with a higher stamp is known elsewhere: the one here hears it and is forgotten. */
  replace(user: string, byStamp: number): void {
    const seat = this.seats.get(user);
    if (seat === undefined || seat.login.loginStamp >= byStamp) return;
    this.seats.delete(user);
    seat.holder.replaced();
  }

  /** Takes out this login and no later one. */
  leave(seat: Seat): void {
    const { login } = seat;
    if (this.seats.get(login.user) !== seat) return;
    this.seats.delete(login.user);
    this.changed(login.user, login);
  }
}
