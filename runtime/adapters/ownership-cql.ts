import { randomUUID } from 'node:crypto';
import { IrisError } from '../contract/errors.ts';
import type { Acquisition, Ownership } from '../ports/ownership.ts';
import type { CqlSession } from './cql-session.ts';
import { LeasedOwnership, type LeasedOwnershipParts, type Leases, type StandingLease, type TakenLease } from './leased-ownership.ts';

const READ = 'SELECT epoch, lease_id, holder, process, renewals, released FROM leases WHERE grp = ?';
const MAKE = `INSERT INTO leases (grp, epoch, lease_id, holder, process, renewals, released) VALUES (?, ?, ?, ?, ?, 0, false) IF NOT EXISTS`;
const TAKE = `UPDATE leases SET epoch = ?, lease_id = ?, holder = ?, process = ?, renewals = 0, released = false WHERE grp = ?
  IF epoch = ? AND lease_id = ? AND renewals = ? AND released = ?`;
const RENEW = 'UPDATE leases SET renewals = ?, released = ? WHERE grp = ? IF lease_id = ?';

export interface CqlOwnershipParts extends Omit<LeasedOwnershipParts, 'leases'> {
  readonly session: Pick<CqlSession, 'ask' | 'compareAndSet'>;
  readonly group: string;
}

/**
 * Leases as one row for each group of a CQL store, changed by compare-and-set alone: taken only as it was seen, renewed only while it is one’s own.
 * While the store is away nobody renews and nobody takes.
 */
export class CqlOwnership implements Ownership {
  private readonly leases: LeaseRows;
  private readonly leased: LeasedOwnership;

  constructor(parts: CqlOwnershipParts) {
    this.leases = new LeaseRows(parts);
    this.leased = new LeasedOwnership({ ...parts, leases: this.leases });
  }

  /** Whose the lease is, or was last; undefined when it has never been taken. @throws IrisError ENGINE_UNAVAILABLE */
  async lastHolder(): Promise<string | undefined> {
    return (await this.leases.read())?.holding?.holder;
  }

  /** @throws IrisError ENGINE_UNAVAILABLE when the store does not say who holds it. */
  acquire(): Promise<Acquisition> {
    return this.leased.acquire();
  }
}

interface LeaseRow extends StandingLease {
  /** Of the process that took it, and of that taking. */
  readonly id: string;
  readonly renewals: number;
}

class LeaseRows implements Leases {
  private readonly session: CqlOwnershipParts['session'];
  private readonly group: string;
  private readonly holder: string;
  private readonly process: string;
  private seen: LeaseRow | undefined;

  constructor({ session, group, holder, life }: CqlOwnershipParts) {
    this.session = session;
    this.group = group;
    this.holder = holder;
    this.process = life?.self ?? '';
  }

  /** Not serially: who takes it compares with what was read here. */
  async read(): Promise<StandingLease | undefined> {
    this.seen = await this.row(false);
    return this.seen;
  }

  async take(epoch: number): Promise<TakenLease | undefined> {
    const id = randomUUID();
    const { group, holder, process, seen } = this;
    const isTaken =
      seen === undefined
        ? await this.change(MAKE, [group, epoch, id, holder, process], id)
        : await this.change(
            TAKE,
            [epoch, id, holder, process, group, seen.epoch, seen.id, seen.renewals, seen.holding?.isReleased ?? false],
            id,
          );
    if (!isTaken) return undefined;
    return {
      renew: async (renewals) => {
        if (await this.session.compareAndSet(RENEW, [renewals, false, group, id])) return undefined;
        return (await this.row(true))?.epoch ?? 0;
      },
      release: async (renewals) => void (await this.session.compareAndSet(RENEW, [renewals, true, group, id])),
      close: () => Promise.resolve(),
    };
  }

  /** One whose outcome is not known is read back, serially: what was under way is done or undone by that. */
  private async change(query: string, params: unknown[], id: string): Promise<boolean> {
    try {
      return await this.session.compareAndSet(query, params);
    } catch (error) {
      if (!(error instanceof IrisError) || error.code !== 'ENGINE_UNAVAILABLE') throw error;
      return (await this.row(true))?.id === id;
    }
  }

  private async row(isSerial: boolean): Promise<LeaseRow | undefined> {
    const row = await this.session.ask(READ, [this.group], { isSerial });
    if (row === undefined) return undefined;
    const [epoch, renewals, id] = [Number(row['epoch']), Number(row['renewals']), String(row['lease_id'])];
    const holding = { holder: String(row['holder']), process: String(row['process']), isReleased: row['released'] === true };
    return { epoch, id, renewals, holding, state: `${id} ${renewals}` };
  }
}
