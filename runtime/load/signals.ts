import { LOAD_HEAP_SHARE, LOAD_QUEUE_SHARE } from '../contract/limits.ts';
import type { LoadSignal } from './load-meter.ts';

/** How full a bounded queue is. */
export function queueSignal(name: string, share: () => number): LoadSignal {
  return { name, from: LOAD_QUEUE_SHARE, read: share };
}

/** How full the heap is, where that is known. */
export function heapSignals(share: (() => number) | undefined): readonly LoadSignal[] {
  return share === undefined ? [] : [{ name: 'heap', from: LOAD_HEAP_SHARE, read: share }];
}
