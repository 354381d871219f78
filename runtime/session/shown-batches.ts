import { V1_BATCHES_MAX } from '../contract/limits.ts';

/** Which messages of each batch a v1 client has acknowledged: a batch is one row, so it is forgotten when all of its messages are. */
export class ShownBatches {
  /** Bucket and position → messages still to be acknowledged, as places. Undefined at first: there is one for each connection. */
  private open: Map<string, Set<number>> | undefined;

  /** `count` messages from place `first` on were shown. */
  shown(at: { bucket: number; position: number }, first: number, count: number): void {
    this.open ??= new Map();
    if (this.open.size >= V1_BATCHES_MAX) {
      for (const oldest of this.open.keys()) {
        this.open.delete(oldest);
        break;
      }
    }
    this.open.set(keyOf(at), new Set(Array.from({ length: count }, (_, i) => first + i)));
  }

  /** True when this was the batch’s last open message. */
  acknowledged(at: { bucket: number; position: number }, index: number): boolean {
    const places = this.open?.get(keyOf(at));
    if (places === undefined) return false;
    places.delete(index);
    if (places.size > 0) return false;
    this.open?.delete(keyOf(at));
    return true;
  }
}

function keyOf({ bucket, position }: { bucket: number; position: number }): string {
  return `${bucket} ${position}`;
}
