import { getHeapStatistics } from 'node:v8';

/** Share of its limit that the collected heap takes. Costs a few microseconds. */
export function systemHeapShare(): number {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  return used / limit;
}
