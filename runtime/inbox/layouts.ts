import type { Generation, Layout } from '../contract/layout.ts';
import { type InboxStore, RecordKind, type StoreBatch } from '../ports/inbox-store.ts';
import { ByteReader } from '../wire/byte-reader.ts';
import { ByteWriter } from '../wire/byte-writer.ts';
import { decodeLayout, encodeLayout } from '../wire/layout.ts';

/** The promoted inboxes whose users live at one core. All in memory, so that an append costs one look-up, and none while there is none. */
export class Layouts {
  private readonly layouts = new Map<string, Layout>();
  /** Of users who live elsewhere by a move under way, which may be taken back before they have been fetched. */
  private readonly away = new Map<string, Layout>();

  get size(): number {
    return this.layouts.size;
  }

  /** Users are one byte a character. */
  users(): string[] {
    return [...this.layouts.keys()];
  }

  of(user: string): Layout | undefined {
    return this.layouts.get(user);
  }

  /** From now on; the caller also writes it. */
  set(user: string, layout: Layout): void {
    this.layouts.set(user, layout);
  }

  /** The user lives elsewhere now. */
  drop(user: string): void {
    const layout = this.layouts.get(user);
    this.layouts.delete(user);
    if (layout !== undefined) this.away.set(user, layout);
  }

  /** Users who may come back as they went. */
  usersAway(): string[] {
    return [...this.away.keys()];
  }

  /** The user never came to its new owner: what was known here still holds. False where nothing was. */
  restore(user: string): boolean {
    const layout = this.away.get(user);
    if (layout === undefined) return false;
    this.away.delete(user);
    this.layouts.set(user, layout);
    return true;
  }

  /** No move is under way any more, or the new owner has changed the layout since. */
  forgetAway(users: Iterable<string>): void {
    for (const user of users) this.away.delete(user);
  }

  /** As a former owner had it written. */
  adopt(user: string, value: Buffer): void {
    this.away.delete(user);
    this.layouts.set(user, decodeLayout(new ByteReader().reset(value, 0, value.length)));
  }

  async load(store: InboxStore, isHere: (user: Buffer) => boolean): Promise<void> {
    for (const { user, value } of await store.readRecords(RecordKind.layout)) {
      const name = user.toString('latin1');
      this.adopt(name, value);
      if (!isHere(user)) this.drop(name);
    }
  }

  /** Writes what is known of the user when the batch is made; of one who has moved since, for who fetches it. */
  write(batch: StoreBatch, user: string): void {
    const layout = this.layouts.get(user) ?? this.away.get(user);
    if (layout === undefined) return;
    const out = new ByteWriter();
    encodeLayout(out, layout);
    batch.setRecord(RecordKind.layout, Buffer.from(user, 'latin1'), out.take());
  }
}

/** The generation that takes messages. */
export function currentOf(layout: Layout): Generation {
  return layout.generations.at(-1) as Generation;
}
