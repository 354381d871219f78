import type { PageLimits, StoredEnvelope } from '../../ports/inbox-store.ts';
import { envelopeCount } from '../../wire/envelope.ts';
import { addedIn, leftOf, type Overlay } from './pending-row.ts';

/** Reads rows behind a position; fewer than the limits only at the end. */
type ReadRows = (after: number, limits: PageLimits) => Promise<readonly StoredEnvelope[]>;

/** A page of an inbox or outbox, out of its rows and what they do not show yet. `read` is left out where no rows are. */
export async function mergedPage(
  overlay: Overlay,
  after: number,
  limits: PageLimits,
  read: ReadRows | undefined,
): Promise<StoredEnvelope[]> {
  const added = addedIn(overlay, after, envelopeCount);
  const page = new Page(limits);
  let next = 0;
  let from = after;
  for (let isEnd = read === undefined; ; ) {
    const stored = read === undefined ? [] : await read(from, limits);
    isEnd ||= stored.length < limits.envelopesMax && bytesOf(stored) < limits.bytesMax;
    const last = stored.at(-1)?.position ?? from;
    for (const one of stored) {
      const left = leftOf(overlay, one, envelopeCount);
      if (left === undefined) continue;
      for (; next < added.length && (added[next] as StoredEnvelope).position < left.position; next++)
        page.add(added[next] as StoredEnvelope);
      page.add(left);
    }
    for (; next < added.length && (isEnd || (added[next] as StoredEnvelope).position <= last); next++)
      page.add(added[next] as StoredEnvelope);
    if (page.isFull || isEnd) return page.envelopes;
    from = last;
  }
}

class Page {
  readonly envelopes: StoredEnvelope[] = [];
  private bytes = 0;
  private readonly limits: PageLimits;

  constructor(limits: PageLimits) {
    this.limits = limits;
  }

  get isFull(): boolean {
    return this.envelopes.length >= this.limits.envelopesMax || this.bytes >= this.limits.bytesMax;
  }

  add(one: StoredEnvelope): void {
    if (this.isFull) return;
    this.envelopes.push(one);
    this.bytes += one.envelope.length;
  }
}

function bytesOf(page: readonly StoredEnvelope[]): number {
  return page.reduce((sum, { envelope }) => sum + envelope.length, 0);
}
