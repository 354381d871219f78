/** L8: what a reader may have under way grows with its speed, from one stock per edge. */
import { PUSH_CREDIT_BYTES, PUSH_CREDIT_FAST_BYTES, PUSH_CREDIT_FIRST_BYTES } from '../../../runtime/contract/limits.ts';
import type { InboxSubscription } from '../../../runtime/ports/inbox-feed.ts';
import type { Connection } from '../../../runtime/ports/transport.ts';
import { type PushStock, PushWindow } from '../../../runtime/session/push-window.ts';

/** A session whose client reads everything at once; `granted` is what its owner may push in all. */
function reader(stock: PushStock) {
  const connection = { queuedBytes: 0 } as { -readonly [K in keyof Connection]: Connection[K] };
  const window = new PushWindow(connection, 262_144, stock);
  const state = { granted: window.creditBytes, taken: 0 };
  const grant = (bytes: number) => {
    state.granted += bytes;
  };
  const subscription = { grant } as InboxSubscription;
  return {
    connection,
    window,
    /** Bytes under way once the client has taken what it was given, some times over. */
    underWayAfter(rounds: number): number {
      for (let round = 0; round < rounds; round++) {
        const bytes = state.granted - state.taken;
        state.taken += bytes;
        window.took(bytes);
        window.settle(subscription);
      }
      return state.granted - state.taken;
    },
  };
}

it('lets a fast reader have eight times what the others may, out of the stock, and gives it back', () => {
  const stock = { bytes: PUSH_CREDIT_FAST_BYTES };
  const fast = reader(stock);
  expect(fast.window.creditBytes).toBe(PUSH_CREDIT_FIRST_BYTES);
  expect(fast.underWayAfter(20)).toBe(PUSH_CREDIT_FAST_BYTES);
  expect(stock.bytes).toBe(PUSH_CREDIT_BYTES);
  fast.window.close();
  fast.window.close();
  expect(stock.bytes).toBe(PUSH_CREDIT_FAST_BYTES);
});

it('keeps readers at the common bound when the stock is empty', () => {
  const stock = { bytes: PUSH_CREDIT_FAST_BYTES - PUSH_CREDIT_BYTES };
  expect(reader(stock).underWayAfter(20)).toBe(PUSH_CREDIT_FAST_BYTES);
  expect(stock.bytes).toBe(0);
  expect(reader(stock).underWayAfter(20)).toBe(PUSH_CREDIT_BYTES);
});

it('does not grow for a reader who leaves something waiting, and grants nothing above what may wait', () => {
  const slow = reader({ bytes: PUSH_CREDIT_FAST_BYTES });
  slow.connection.queuedBytes = 1;
  expect(slow.underWayAfter(20)).toBe(PUSH_CREDIT_FIRST_BYTES);
  slow.connection.queuedBytes = 262_145;
  expect(slow.underWayAfter(1)).toBe(0);
});
