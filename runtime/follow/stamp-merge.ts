import { MERGE_WAIT_MS } from '../contract/limits.ts';
import type { Clock, Timer } from '../ports/clock.ts';

export interface StampMergeParts<T> {
  readonly clock: Clock;
  emit(item: T): void;
  /** False while nothing more can be taken; `goOn` says when that is over. */
  isOpen?(): boolean;
}

/** Where an item stands among those of other streams: by turn, then by stamp, then by the number of its stream. */
export interface MergePlace {
  readonly turn: number;
  readonly stamp: number;
}

/**
 * Joins streams into one that is ordered by stamp: an item goes out when every stream that is waited for has shown its next one. The order
 * within a stream is never changed. A stream that shows nothing for MERGE_WAIT_MS while others wait for it is not waited for any longer, so
 * that an owner that is gone delays the others and does not stop them.
 */
export class StampMerge<T> {
  private readonly parts: StampMergeParts<T>;
  /** Streams that hold something, the next one first: a binary heap. */
  private readonly heap: MergeStream<T>[] = [];
  private readonly streams = new Set<MergeStream<T>>();
  /** Streams that are waited for and hold nothing. */
  private missing = 0;
  /** Streams that are waited for. */
  private awaited = 0;
  private emitted = 0;
  private timer: Timer | undefined;

  constructor(parts: StampMergeParts<T>) {
    this.parts = parts;
  }

  /** A stream that is waited for until `caughtUp`. */
  open(number: number): MergeStream<T> {
    const stream = new MergeStream<T>(number);
    this.streams.add(stream);
    this.awaited++;
    this.missing++;
    return stream;
  }

  /** True when an item that comes now is the next one to go out: its bringer passes it on and need not keep it. */
  passes(stream: MergeStream<T>, place: MergePlace): boolean {
    const others = this.missing - (stream.isMissing ? 1 : 0);
    const isFirst = this.heap[0] === undefined || isBefore(place, stream.number, this.heap[0]);
    if (stream.length > 0 || others > 0 || !isFirst || !this.isOpen) return false;
    this.emitted++;
    return true;
  }

  offer(stream: MergeStream<T>, place: MergePlace, item: T): void {
    if (stream.isMissing) this.missing--;
    stream.add({ ...place, item });
    if (stream.length === 1) this.push(stream);
    this.goOn();
  }

  /** What the stream has yet to bring is not older than what the others hold. */
  caughtUp(stream: MergeStream<T>): void {
    if (stream.isMissing) this.missing--;
    if (stream.isAwaited) this.awaited--;
    stream.isAwaited = false;
    this.goOn();
  }

  /** The stream begins anew. */
  expect(stream: MergeStream<T>): void {
    if (stream.isAwaited) return;
    stream.isAwaited = true;
    this.awaited++;
    if (stream.length === 0) this.missing++;
  }

  /** Nothing is waited for, and nothing waits. */
  get isDone(): boolean {
    return this.awaited === 0 && this.heap.length === 0;
  }

  goOn(): void {
    while (this.missing === 0 && this.heap.length > 0 && this.isOpen) {
      const stream = this.pop();
      const item = stream.take();
      if (stream.length > 0) this.push(stream);
      else if (stream.isAwaited) this.missing++;
      this.emitted++;
      this.parts.emit(item);
    }
    if (this.missing > 0 && this.heap.length > 0) this.watch();
  }

  /** Nothing goes out any more. */
  stop(): void {
    this.timer?.stop();
    this.timer = undefined;
    this.heap.length = 0;
    this.missing = 0;
    this.awaited = 0;
    for (const stream of this.streams) stream.clear();
  }

  private get isOpen(): boolean {
    return this.parts.isOpen?.() !== false;
  }

  private watch(): void {
    if (this.timer !== undefined) return;
    const before = this.emitted;
    this.timer = this.parts.clock.after(MERGE_WAIT_MS, () => {
      this.timer = undefined;
      if (this.emitted === before && this.missing > 0) {
        for (const stream of [...this.streams].filter((one) => one.isMissing)) this.caughtUp(stream);
      }
      this.goOn();
    });
  }

  private push(stream: MergeStream<T>): void {
    let at = this.heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = this.heap[parent] as MergeStream<T>;
      if (!isBefore(stream.first, stream.number, above)) break;
      this.heap[at] = above;
      at = parent;
    }
    this.heap[at] = stream;
  }

  private pop(): MergeStream<T> {
    const { heap } = this;
    const first = heap[0] as MergeStream<T>;
    const last = heap.pop() as MergeStream<T>;
    if (heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      const [left, right] = [heap[child], heap[child + 1]];
      if (left === undefined) break;
      if (right !== undefined && isBefore(right.first, right.number, left)) child++;
      const below = heap[child] as MergeStream<T>;
      if (!isBefore(below.first, below.number, last)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

interface Entry<T> extends MergePlace {
  readonly item: T;
}

/** Entries that are passed on before a stream’s list is cut. */
const COMPACTED_AT = 1_024;

/** What one stream has brought and the merge has not passed on. */
export class MergeStream<T> {
  readonly number: number;
  isAwaited = true;
  private entries: Entry<T>[] = [];
  private taken = 0;

  constructor(number: number) {
    this.number = number;
  }

  get length(): number {
    return this.entries.length - this.taken;
  }

  get isMissing(): boolean {
    return this.isAwaited && this.length === 0;
  }

  get first(): MergePlace {
    return this.entries[this.taken] as Entry<T>;
  }

  add(entry: Entry<T>): void {
    this.entries.push(entry);
  }

  take(): T {
    const { item } = this.entries[this.taken++] as Entry<T>;
    if (this.taken === this.entries.length) this.clear();
    else if (this.taken >= COMPACTED_AT) {
      this.entries = this.entries.slice(this.taken);
      this.taken = 0;
    }
    return item;
  }

  clear(): void {
    this.entries = [];
    this.taken = 0;
  }
}

function isBefore(place: MergePlace, number: number, stream: MergeStream<unknown>): boolean {
  const other = stream.first;
  if (place.turn !== other.turn) return place.turn < other.turn;
  if (place.stamp !== other.stamp) return place.stamp < other.stamp;
  return number < stream.number;
}
