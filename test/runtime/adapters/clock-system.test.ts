/** L8: a wait that a peer names, up to 2^32 ms, is no wait of 1 ms. */
import { systemClock } from '../../../runtime/adapters/clock-system.ts';

it('a wait of more than 25 days, which Node would make 1 ms, is still under way a while later', async () => {
  let isOver = false;
  const timers = [0xffff_ffff, Number.POSITIVE_INFINITY].map((ms) =>
    systemClock.after(ms, () => {
      isOver = true;
    }),
  );
  await new Promise<void>((resolve) => {
    systemClock.after(50, resolve);
  });
  expect(isOver).toBe(false);
  for (const timer of timers) timer.stop();
});
