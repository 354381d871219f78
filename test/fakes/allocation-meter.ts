import { Session } from 'node:inspector/promises';

/** Bytes between two samples of the heap, on average: what is rarer than that is found by its number. */
const SAMPLE_BYTES = 512;

interface SampledNode {
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly selfSize: number;
  readonly children: readonly SampledNode[];
}

export interface Allocated {
  /** Of V8’s heap, garbage that was collected meanwhile included; what buffers hold is not on it, their views are. */
  readonly bytes: number;
  /** Where most of it came from, for who has to find what has come in. */
  readonly places: readonly string[];
}

/** What `work` allocates, by V8’s own sampling: machine load and the times of collections do not change it. */
export async function allocatedBy(work: () => Promise<void>): Promise<Allocated> {
  const session = new Session();
  session.connect();
  try {
    const options = { samplingInterval: SAMPLE_BYTES, includeObjectsCollectedByMajorGC: true, includeObjectsCollectedByMinorGC: true };
    await session.post('HeapProfiler.startSampling', options);
    await work();
    const { profile } = await session.post('HeapProfiler.stopSampling');
    const places = new Map<string, number>();
    const bytes = summed(profile.head, places);
    const most = [...places].sort(([, a], [, b]) => b - a).slice(0, 12);
    return { bytes, places: most.map(([place, sum]) => `${sum} ${place}`) };
  } finally {
    session.disconnect();
  }
}

function summed({ callFrame, selfSize, children }: SampledNode, places: Map<string, number>): number {
  const place = `${callFrame.functionName} ${callFrame.url.split('/').at(-1)}:${callFrame.lineNumber + 1}`;
  places.set(place, (places.get(place) ?? 0) + selfSize);
  return children.reduce((sum, child) => sum + summed(child, places), selfSize);
}
