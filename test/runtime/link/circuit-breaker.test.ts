/** R20: sends to an owner that does not answer are refused at once, one tries, and a short break is waited for. */
import fc from 'fast-check';
import * as limits from '../../../runtime/contract/limits.ts';
import { CircuitBreaker } from '../../../runtime/link/circuit-breaker.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import { LinkUnderTest, TestPublisher } from './link-under-test.ts';

function breakerUnderTest() {
  const clock = new ManualClock();
  const changes: string[] = [];
  const breaker = new CircuitBreaker(clock, (state) => void changes.push(state));
  breaker.linkUp();
  return { clock, breaker, changes };
}

it('stays closed while sends succeed now and then, and opens at BREAKER_FAILURES in a row', () => {
  const { breaker, changes } = breakerUnderTest();
  for (let i = 0; i < 3 * limits.BREAKER_FAILURES; i++) {
    if (i % 2 === 0) breaker.succeeded();
    breaker.failed(1);
  }
  expect(changes).toEqual([]);
  breaker.failed(limits.BREAKER_FAILURES);
  expect([changes, breaker.admit()]).toEqual([['open'], limits.BREAKER_OPEN_FIRST_MS]);
});

it('lets exactly one of many through when it is half open, and all when that one is answered', async () => {
  const { clock, breaker } = breakerUnderTest();
  breaker.failed(limits.BREAKER_FAILURES);
  await clock.advance(limits.BREAKER_OPEN_FIRST_MS);
  const burst = Array.from({ length: 100 }, () => breaker.admit());
  expect(burst.filter((wait) => wait === undefined)).toHaveLength(1);
  breaker.succeeded();
  expect(Array.from({ length: 100 }, () => breaker.admit()).every((wait) => wait === undefined)).toBe(true);
});

it('waits longer after each probe that fails, BREAKER_OPEN_LAST_MS at most', async () => {
  const { clock, breaker } = breakerUnderTest();
  breaker.failed(limits.BREAKER_FAILURES);
  const waits: number[] = [];
  for (let i = 0; i < 6; i++) {
    const wait = breaker.admit() as number;
    waits.push(wait);
    await clock.advance(wait);
    expect(breaker.admit()).toBeUndefined();
    breaker.failed(1);
  }
  expect(waits).toEqual([1_000, 2_000, 4_000, 4_000, 4_000, 4_000]);
});

it('never has two probes out at once, whatever happens in whatever order', () => {
  const event = fc.constantFrom('admit', 'admit', 'admit', 'succeeded', 'failed', 'linkUp', 'linkDown', 'pass');
  fc.assert(
    fc.property(fc.array(event, { maxLength: 200 }), (events) => {
      let nowMs = 0;
      const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs, after: () => ({ stop() {} }), soon() {} };
      let changes = 0;
      const breaker = new CircuitBreaker(clock, () => void changes++);
      let probeOf = -1;
      for (const one of events) {
        if (one === 'pass') nowMs += 700;
        else if (one === 'failed') breaker.failed(2);
        else if (one !== 'admit') breaker[one]();
        else if (breaker.admit() === undefined && breaker.state === 'half-open') {
          // A second one is allowed only once the breaker has left and entered the state again.
          expect(changes).not.toBe(probeOf);
          probeOf = changes;
        }
      }
    }),
  );
});

describe('at a link', () => {
  it('a break of two seconds is waited for: nothing is refused', async () => {
    const link = await LinkUnderTest.start();
    const publisher = new TestPublisher();
    link.transport.isUnreachable = true;
    link.transport.cut();
    await link.advance(2_000);
    link.publish(publisher, 1);
    link.transport.isUnreachable = false;
    await link.advance(limits.LINK_RETRY_LAST_MS * 2);
    expect([publisher.published_, publisher.refusals]).toEqual([[1], []]);
  });

  it('a longer one refuses at once with the time to wait, and after it one send closes the breaker for all (L7)', async () => {
    const link = await LinkUnderTest.start();
    link.transport.isUnreachable = true;
    link.transport.cut();
    await link.advance(limits.BREAKER_DOWN_MS + 100);
    const refused = new TestPublisher(1);
    link.publish(refused, 1);
    expect(refused.refusals).toMatchObject([{ refusal: { code: 'SHARD_UNAVAILABLE', retryAfterMs: limits.BREAKER_OPEN_FIRST_MS } }]);
    expect([link.telemetry.value('iris_breakers_open'), link.telemetry.value('iris_breaker_refused_total')]).toEqual([1, 1]);
    link.transport.isUnreachable = false;
    await link.advance(limits.LINK_RETRY_LAST_MS * 2);
    const publishers = Array.from({ length: 10 }, (_, i) => new TestPublisher(10 + i));
    for (const publisher of publishers) link.publish(publisher, 1);
    await link.advance(50);
    expect(publishers.map((publisher) => publisher.published_.length)).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    const last = new TestPublisher(30);
    link.publish(last, 1);
    await link.advance(50);
    expect([last.published_, link.telemetry.value('iris_breakers_open')]).toEqual([[1], 0]);
  });

  it('an owner whose store fails is left alone for a second, then tried by one', async () => {
    const link = await LinkUnderTest.start();
    link.core.disk.failing.commits = 1_000;
    for (let i = 0; i < limits.BREAKER_FAILURES; i++) {
      link.publish(new TestPublisher(i + 1), 1);
      await link.advance(300);
    }
    const refused = new TestPublisher(50);
    link.publish(refused, 1);
    expect(refused.refusals).toMatchObject([{ refusal: { code: 'SHARD_UNAVAILABLE' } }]);
    link.core.disk.failing.commits = 0;
    await link.advance(limits.BREAKER_OPEN_FIRST_MS);
    const probe = new TestPublisher(51);
    link.publish(probe, 1);
    await link.advance(300);
    expect([probe.published_, link.telemetry.count('breaker-closed')]).toEqual([[1], 1]);
  });

  it('a probe that the breaking link takes with it does not keep the breaker half open', async () => {
    const link = await LinkUnderTest.start();
    link.transport.isUnreachable = true;
    link.transport.cut();
    await link.advance(limits.BREAKER_DOWN_MS + 100);
    link.publish(new TestPublisher(1), 1);
    link.transport.isUnreachable = false;
    await link.advance(limits.LINK_RETRY_LAST_MS * 2);
    const probe = new TestPublisher(2);
    link.publish(probe, 1);
    link.transport.cut();
    await link.advance(limits.LINK_RETRY_LAST_MS * 2);
    const next = new TestPublisher(3);
    link.publish(next, 1);
    await link.advance(50);
    expect([probe.published_, next.published_]).toEqual([[1], [1]]);
    expect(link.pool.queuedBytes).toBe(0);
  });
});
