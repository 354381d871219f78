/** What the workload asks of a user, whatever protocol its client speaks. */
export interface SimulatedUser {
  readonly name: string;
  readonly isOnline: boolean;
  comeOnline(): void;
  leave(): void;
  /**
   * What its inbox holds is away for a while and comes later: from here on the application has to tell itself what it has read before, since
   * ids change, and two readings need not be alike.
   */
  stranded(): void;
  /** Sends `count` messages as one batch, each padded to about `bytes`; nothing while offline. */
  send(to: string, count: number, bytes: number): void;
}

/** Names the messages of one user as the judge reads them: a new session is a new device, and order holds within a device. */
export class MessageNames {
  private readonly user: string;
  private readonly numbers = new Map<string, number>();
  private session = 0;

  constructor(user: string) {
    this.user = user;
  }

  nextSession(): void {
    this.session++;
  }

  next(to: string): string {
    const number = this.numbers.get(to) ?? 0;
    this.numbers.set(to, number + 1);
    return `${this.user}~${this.session}/${to}/${number}`;
  }
}

/** A body that carries its name, and is as long as asked for. */
export function bodyOf(name: string, bytes: number): string {
  return name.length >= bytes ? name : `${name} ${'.'.repeat(bytes - name.length - 1)}`;
}

export function nameOf(body: string): string {
  const end = body.indexOf(' ');
  return end < 0 ? body : body.slice(0, end);
}
