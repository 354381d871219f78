import type { InboxMeasure, InboxRange, MeasuredRange } from '../ports/group-rows.ts';
import type { PageLimits, StoredEnvelope } from '../ports/inbox-store.ts';
import type { CqlRow, CqlSession } from './cql-session.ts';

const OF_CHUNK = 'WHERE grp = ? AND user = ? AND bucket = ? AND chunk = ?';
const INBOX = `SELECT position, envelope, first_index FROM inbox ${OF_CHUNK} AND position > ?`;
const COUNT = `SELECT count(bytes) AS envelopes, sum(bytes) AS bytes FROM inbox ${OF_CHUNK} AND position >= ? AND position < ?`;
const NEXT = `SELECT position, bytes, messages FROM inbox ${OF_CHUNK} AND position >= ?`;
const OUTGOING = 'SELECT position, envelope FROM outgoing WHERE grp = ? AND to_grp = ? AND chunk = ? AND position > ?';
/** Rows of a look for what follows: one, but for envelopes that are gone and of which it is still said how far they were read. */
const NEXT_ROWS = 8;

interface InboxPage extends InboxRange {
  readonly group: string;
  readonly limits: PageLimits;
  /** Rows of the first question, while nothing is known of their size. */
  readonly firstRows: number;
}

interface OutgoingPage extends Pick<InboxPage, 'group' | 'position' | 'limits' | 'firstRows'> {
  readonly toGroup: string;
  readonly chunks: readonly number[];
}

export async function inboxPage(session: CqlSession, page: InboxPage): Promise<StoredEnvelope[]> {
  const { group, inbox, firstChunk, lastChunk, position } = page;
  const gathering = new Gathering(page);
  for (let chunk = firstChunk; chunk <= lastChunk && !gathering.isFull; chunk++) {
    await gathering.read(session, INBOX, [group, inbox.user, inbox.bucket, chunk], position);
  }
  return gathering.found;
}

export async function outgoingPage(session: CqlSession, page: OutgoingPage): Promise<StoredEnvelope[]> {
  const gathering = new Gathering(page);
  for (const chunk of page.chunks) {
    if (gathering.isFull) break;
    await gathering.read(session, OUTGOING, [page.group, page.toGroup, chunk], page.position);
  }
  return gathering.found;
}

/** Only from where something lies: what was taken out before it stays in the store’s files until those are merged, and would be read each time. */
export async function measure(session: CqlSession, group: string, range: MeasuredRange): Promise<InboxMeasure> {
  const { inbox, firstChunk, lastChunk, position, firstPosition } = range;
  let [envelopes, bytes] = [0, 0];
  for (let chunk = firstChunk; chunk <= lastChunk; chunk++) {
    const key = [group, inbox.user, inbox.bucket, chunk];
    if (position > firstPosition) {
      const counted = await session.readOne(COUNT, [...key, firstPosition, position]);
      envelopes += Number(counted?.['envelopes'] ?? 0);
      bytes += Number(counted?.['bytes'] ?? 0);
    }
    const next = await nextOf(session, key, Math.max(position, firstPosition));
    if (next !== undefined) return { envelopes, bytes, next: { ...next, chunk } };
  }
  return { envelopes, bytes, next: undefined };
}

async function nextOf(
  session: CqlSession,
  key: unknown[],
  position: number,
): Promise<Omit<NonNullable<InboxMeasure['next']>, 'chunk'> | undefined> {
  for await (const rows of session.readAll(NEXT, [...key, position], NEXT_ROWS)) {
    const row = rows.find(({ bytes }) => bytes !== null);
    if (row !== undefined) return { position: Number(row['position']), bytes: Number(row['bytes']), messages: row['messages'] as number };
  }
  return undefined;
}

/** Envelopes up to the limits. How many are asked for at once goes by the size of those before, so that a page of large ones stays small. */
class Gathering {
  readonly found: StoredEnvelope[] = [];
  private readonly limits: PageLimits;
  private readonly firstRows: number;
  private bytes = 0;

  constructor({ limits, firstRows }: Pick<InboxPage, 'limits' | 'firstRows'>) {
    this.limits = limits;
    this.firstRows = firstRows;
  }

  get isFull(): boolean {
    return this.found.length >= this.limits.envelopesMax || this.bytes >= this.limits.bytesMax;
  }

  async read(session: CqlSession, query: string, key: unknown[], position: number): Promise<void> {
    for await (const rows of session.readAll(query, [...key, position], () => this.rowsToAsk)) {
      for (const row of rows) {
        if (this.isFull) return;
        this.add(row);
      }
      if (this.isFull) return;
    }
  }

  private get rowsToAsk(): number {
    const { envelopesMax, bytesMax } = this.limits;
    const left = envelopesMax - this.found.length;
    if (this.found.length === 0) return Math.min(this.firstRows, left);
    const average = Math.max(1, this.bytes / this.found.length);
    return Math.max(1, Math.min(left, Math.ceil((bytesMax - this.bytes) / average)));
  }

  private add({ position, envelope, first_index: firstIndex }: CqlRow): void {
    // How far an envelope was read may outlive it.
    if (envelope === null) return;
    this.bytes += (envelope as Buffer).length;
    this.found.push({
      position: Number(position),
      envelope: envelope as Buffer,
      firstIndex: (firstIndex as number | null | undefined) ?? 0,
    });
  }
}
