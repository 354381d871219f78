import type { Traffic } from './traffic.ts';

/** Milliseconds between two looks at what is due: the resolution of the latencies, and part of them. */
export const TICK_MS = 1;

export interface OpenLoopOptions {
  readonly seconds: number;
  /** Frames a second, of all senders. */
  readonly rate: number;
}

/** Sends at a fixed rate, whatever comes back, in the shape prepared; what is late counts from when it was due. */
export async function openLoop(traffic: Traffic, { seconds, rate }: OpenLoopOptions): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const startedMs = performance.now();
  const total = seconds * rate;
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.min(total, Math.floor(((performance.now() - startedMs) / 1_000) * rate));
    for (; sent < due; sent++) traffic.senders[sent % traffic.senders.length]!.sendFrame(startedMs + (sent / rate) * 1_000);
    if (sent === total) resolve();
  }, TICK_MS);
  await promise;
  clearInterval(timer);
}
