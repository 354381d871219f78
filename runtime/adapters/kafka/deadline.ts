import type { Clock } from '../../ports/clock.ts';

/** The outcome of `work`, or a rejection after `ms` with what `late` makes; the work itself goes on until who began it stops it. */
export function withDeadline<T>(work: Promise<T>, { clock, ms, late }: { clock: Clock; ms: number; late: () => Error }): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const timer = clock.after(ms, () => reject(late()));
  work.then(resolve, reject);
  return promise.finally(() => timer.stop());
}
