import type { RowBounds } from '../../ports/inbox-store.ts';

/** What waits for one group. */
interface Outbox {
  /** Bytes by position. */
  readonly sizes: Map<number, number>;
  bytes: number;
  last: number;
  /** Positions were added ascending, as a log gives them: then the first of `sizes` is the lowest. */
  isAscending: boolean;
}

/** The outboxes of a group: positions and sizes of all that waits, about 46 bytes each as measured, which WAITING_ENVELOPES_MAX bounds. */
export class OutboxBook {
  envelopes = 0;
  private readonly outboxes = new Map<string, Outbox>();
  private readonly full = new Set<string>();
  private readonly bounds: RowBounds;

  constructor(bounds: RowBounds) {
    this.bounds = bounds;
  }

  get hasFull(): boolean {
    return this.full.size > 0;
  }

  isFull(group: string): boolean {
    return this.full.has(group);
  }

  /** Groups for which something waits. */
  get groups(): string[] {
    return [...this.outboxes.keys()];
  }

  /** Envelopes by group. */
  counts(): Record<string, number> {
    return Object.fromEntries([...this.outboxes].map(([group, { sizes }]) => [group, sizes.size]));
  }

  sizeOf(group: string): number {
    return this.outboxes.get(group)?.sizes.size ?? 0;
  }

  lastOf(group: string): number {
    return this.outboxes.get(group)?.last ?? 0;
  }

  /** Nothing waits at or before it. */
  floorOf(group: string): number {
    const outbox = this.outboxes.get(group);
    if (outbox === undefined || !outbox.isAscending) return 0;
    const [first = 1] = outbox.sizes.keys();
    return first - 1;
  }

  has(group: string, position: number): boolean {
    return this.outboxes.get(group)?.sizes.has(position) === true;
  }

  add(group: string, position: number, bytes: number): void {
    let outbox = this.outboxes.get(group);
    if (outbox === undefined) {
      outbox = { sizes: new Map(), bytes: 0, last: 0, isAscending: true };
      this.outboxes.set(group, outbox);
    }
    const { sizes } = outbox;
    if (position < outbox.last) outbox.isAscending = false;
    outbox.last = Math.max(outbox.last, position);
    const before = sizes.get(position);
    if (before === undefined) this.envelopes++;
    outbox.bytes += bytes - (before ?? 0);
    sizes.set(position, bytes);
    this.judge(group, outbox);
  }

  remove(group: string, position: number): void {
    const outbox = this.outboxes.get(group);
    const bytes = outbox?.sizes.get(position);
    if (outbox === undefined || bytes === undefined) return;
    outbox.sizes.delete(position);
    outbox.bytes -= bytes;
    this.envelopes--;
    if (outbox.sizes.size === 0) this.outboxes.delete(group);
    this.judge(group, outbox);
  }

  private judge(group: string, { sizes, bytes }: Outbox): void {
    if (sizes.size >= this.bounds.envelopesMax || bytes >= this.bounds.bytesMax) this.full.add(group);
    else this.full.delete(group);
  }
}
