import { RATE_WINDOW_MS } from '../../runtime/contract/limits.ts';
import type { RateLimits } from '../../runtime/ports/rate-limits.ts';
import type { ManualClock } from '../fakes/manual-clock.ts';

export const RATES = { messages: 100, connections: 5 } as const;

export interface LimitsUnderTest {
  readonly rates: RateLimits;
  /** Of the one edge. */
  readonly clock: ManualClock;
  dispose(): Promise<void>;
}

let users = 0;

/** The laws of RateLimits, run by every adapter (D11, A8). Limits of RATES; requests and failed logins are not limited. */
export function describeRateLimitsContract(name: string, create: () => Promise<LimitsUnderTest>): void {
  describe(`${name} keeps the laws of RateLimits`, () => {
    let under: LimitsUnderTest;
    let rates: RateLimits;
    let user: string;
    beforeEach(async () => {
      under = await create();
      rates = under.rates;
      user = `user-${users++}`;
    });
    afterEach(() => under.dispose());

    const taken = (count: number) =>
      Array.from({ length: count }, () => rates.take('messages', user)).filter((waitMs) => waitMs === 0).length;

    it.each([99, 100, 101])('of %i in a row 100 are taken at the most, and who is refused hears when to come again', (count) => {
      expect(taken(count)).toBe(Math.min(100, count));
      const waitMs = rates.waitMs('messages', user);
      if (count < 100) expect(waitMs).toBe(0);
      else expect([waitMs >= RATE_WINDOW_MS, waitMs <= RATE_WINDOW_MS + 5_000]).toEqual([true, true]);
      expect(rates.waitMs('messages', Buffer.from(user))).toBe(waitMs);
    });

    it('no 60 s have more than the limit, at whatever pace, and the time told is the time it takes', async () => {
      const takenAtMs: number[] = [];
      for (let step = 0; step < 400; step++) {
        if (rates.take('messages', user) === 0) takenAtMs.push(under.clock.monotonicMs());
        await under.clock.advance(step % 7 === 0 ? 1_300 : 170);
      }
      for (const [index, atMs] of takenAtMs.entries()) {
        const next = takenAtMs[index + RATES.messages];
        if (next !== undefined) expect(next - atMs).toBeGreaterThanOrEqual(RATE_WINDOW_MS);
      }
      while (rates.take('messages', user) === 0);
      const waitMs = rates.waitMs('messages', user);
      await under.clock.advance(waitMs - 1);
      expect(rates.take('messages', user)).toBe(1);
      await under.clock.advance(1);
      expect(rates.take('messages', user)).toBe(0);
    });

    it('a batch may pass the limit where there is room for one, and then counts whole', () => {
      expect([rates.take('messages', user, 99), rates.take('messages', user, 1_000)]).toEqual([0, 0]);
      expect(rates.take('messages', user)).toBeGreaterThan(0);
    });

    it('what is refused is not counted; other users, other limits and what is not limited are not touched', async () => {
      expect(taken(500)).toBe(100);
      expect(rates.take('messages', `${user}x`)).toBe(0);
      expect(rates.take('connections', user)).toBe(0);
      for (let i = 0; i < 10_000; i++) expect(rates.take('requests', user)).toBe(0);
      await under.clock.advance(RATE_WINDOW_MS + 5_000);
      expect(taken(500)).toBe(100);
    });
  });
}
