import type { PageLimits, StoredEnvelope } from '../../ports/inbox-store.ts';
import type { EnvelopeIndex, FoundEnvelope } from './envelope-index.ts';
import type { LogRing } from './log-ring.ts';
import type { SegmentFile } from './segment-file.ts';

/** Pages of inboxes and outboxes, out of memory where the log’s blocks are there, else from the disk. */
export class PageReader {
  private readonly ring: LogRing;
  private readonly index: EnvelopeIndex;

  constructor(ring: LogRing, index: EnvelopeIndex) {
    this.ring = ring;
    this.index = index;
  }

  /** Envelopes after `position`, ascending; fewer than the limits only at the end. @throws IrisError STORE_FAILED */
  async read(row: string, position: number, limits: PageLimits): Promise<StoredEnvelope[]> {
    const found = this.index.page(row, position, limits);
    const page: StoredEnvelope[] = [];
    for (const { position: at, place } of found) {
      const envelope = this.ring.segment(place.segment).peek(place.offset, place.length);
      if (envelope === undefined) return await this.readFromDisk(found, page);
      page.push({ position: at, envelope, firstIndex: place.firstIndex });
    }
    return page;
  }

  /** Goes on behind what `page` has of `found`. The segments stay until it has ended. */
  private async readFromDisk(found: readonly FoundEnvelope[], page: StoredEnvelope[]): Promise<StoredEnvelope[]> {
    const rest = found.slice(page.length);
    const segments = new Map(rest.map(({ place }) => [place.segment, this.ring.segment(place.segment)]));
    for (const segment of segments.values()) segment.hold();
    try {
      for (const { position, place } of rest) {
        const segment = segments.get(place.segment) as SegmentFile;
        const envelope = segment.peek(place.offset, place.length) ?? (await segment.read(place.offset, place.length));
        page.push({ position, envelope, firstIndex: place.firstIndex });
      }
      return page;
    } finally {
      for (const segment of segments.values()) await segment.release();
    }
  }
}
