import type { SlotRouter } from '../contract/slot-map.ts';
import { type InboxStore, RecordKind, type StoreBatch } from '../ports/inbox-store.ts';

/**
 * Begins what stands for everyone of a former group in the place of a user: no name may hold a control character. The version follows it, since
 * two groups that exchange users have fetched by a move, and by the one that takes it back, from each other.
 */
const EVERYONE = '\0';

/**
 * Which users have been fetched from their former owner, by which version of the slot map. In the store, since a user fetched twice
 * would lose what came in between; forgotten once the move is settled.
 */
export class FetchedUsers {
  private readonly versions = new Map<string, number>();
  /** Of them, those whose batch the store does not have yet: nothing that comes with the user can be read. */
  private readonly unwritten = new Set<string>();

  async load(store: InboxStore): Promise<void> {
    for (const { user, value } of await store.readRecords(RecordKind.fetched)) {
      this.versions.set(user.toString('latin1'), Number(value.readBigUInt64BE()));
    }
  }

  get count(): number {
    return this.versions.size;
  }

  has(user: string, version: number): boolean {
    return this.versions.get(user) === version;
  }

  /** True when everyone whom the group had for this core has been fetched. */
  hasAllOf(group: string, version: number): boolean {
    // The second was written by releases before this one.
    return this.has(FetchedUsers.everyoneOf(group, version), version) || this.has(EVERYONE + group, version);
  }

  isUnwritten(user: string): boolean {
    return this.unwritten.has(user);
  }

  /** For a batch; `undo` when it fails, `written` when the store has it. */
  set(user: string, version: number): { undo(): void; written(): void } {
    const before = this.versions.get(user);
    this.versions.set(user, version);
    this.unwritten.add(user);
    const written = () => void this.unwritten.delete(user);
    return {
      written,
      undo: () => {
        written();
        if (before === undefined) this.versions.delete(user);
        else this.versions.set(user, before);
      },
    };
  }

  write(batch: StoreBatch, user: string, version: number): void {
    const value = Buffer.alloc(8);
    value.writeBigUInt64BE(BigInt(version));
    batch.setRecord(RecordKind.fetched, Buffer.from(user, 'latin1'), value);
  }

  /** The key under which a whole group counts as fetched. */
  static everyoneOf(group: string, version: number): string {
    return `${EVERYONE}${group}${EVERYONE}${version}`;
  }

  /** Names that no move needs any more. What a newer map than this one has brought stays: that map is on its way here again. */
  outdated({ map }: SlotRouter): string[] {
    const former = map.moving?.from.version;
    const isNeeded = (version: number) =>
      version > map.version || (map.moving !== undefined && (version === map.version || version === former));
    return [...this.versions].flatMap(([user, version]) => (isNeeded(version) ? [] : [user]));
  }

  forget(batch: StoreBatch, users: readonly string[]): void {
    for (const user of users) {
      this.versions.delete(user);
      batch.removeRecord(RecordKind.fetched, Buffer.from(user, 'latin1'));
    }
  }
}
