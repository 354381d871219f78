import { PARKED_BYTES_MAX } from '../contract/limits.ts';
import type { StoredParked } from '../ports/inbox-store.ts';
import { envelopePrevious, envelopeSequence } from '../wire/envelope.ts';

/**
 * Envelopes that came before their predecessor, which is still on its way from another region’s outbox: a sender moved to another
 * region and its later messages took the shorter way (L3). They are in the store as well; here they wait in the order of their sequence.
 */
export class ParkedEnvelopes {
  private readonly rows = new Map<string, StoredParked[]>();
  private bytes = 0;

  get isEmpty(): boolean {
    return this.rows.size === 0;
  }

  get isFull(): boolean {
    return this.bytes >= PARKED_BYTES_MAX;
  }

  has(markKey: string, sequence: number): boolean {
    return this.rows.get(markKey)?.some((parked) => envelopeSequence(parked.envelope) === sequence) ?? false;
  }

  add(parked: StoredParked): void {
    const row = this.rows.get(parked.markKey) ?? [];
    this.rows.set(parked.markKey, row);
    const sequence = envelopeSequence(parked.envelope);
    const at = row.findIndex((other) => envelopeSequence(other.envelope) > sequence);
    row.splice(at < 0 ? row.length : at, 0, parked);
    this.bytes += parked.envelope.length;
  }

  remove(parked: StoredParked): void {
    const row = this.rows.get(parked.markKey) ?? [];
    const at = row.indexOf(parked);
    if (at < 0) return;
    row.splice(at, 1);
    this.bytes -= parked.envelope.length;
    if (row.length === 0) this.rows.delete(parked.markKey);
  }

  /** The next one whose predecessor is stored, given the row’s mark. */
  ready(markKey: string, mark: number): StoredParked | undefined {
    const first = this.rows.get(markKey)?.[0];
    return first !== undefined && envelopePrevious(first.envelope) <= mark ? first : undefined;
  }

  /** The oldest of each row that was parked before `beforeMs`. */
  overdue(beforeMs: number): StoredParked[] {
    return [...this.rows.values()].flatMap((row) => (row[0] !== undefined && row[0].parkedAtMs < beforeMs ? [row[0]] : []));
  }
}
