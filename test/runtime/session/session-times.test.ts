import { APPEND_TIMEOUT_MS, LATENCY_SAMPLE_MS } from '../../../runtime/contract/limits.ts';
import type { Publisher } from '../../../runtime/ports/bus.ts';
import { SessionTimes } from '../../../runtime/session/session-times.ts';
import { ENVELOPE_HEADER_BYTES, STAMPS_PER_MS } from '../../../runtime/wire/envelope.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import { MemoryTelemetry } from '../../fakes/memory-telemetry.ts';

const publisher = (publisherId: number): Publisher => ({ publisherId, published() {}, refused() {}, isFenced: () => false });

function times() {
  const [clock, telemetry] = [new ManualClock(), new MemoryTelemetry()];
  return { clock, telemetry, one: new SessionTimes({ clock, telemetry }) };
}

function stamped(stamp: number): Buffer {
  const envelope = Buffer.alloc(ENVELOPE_HEADER_BYTES);
  envelope.writeBigUInt64BE(BigInt(Math.floor(stamp)), 4);
  return envelope;
}

describe('what clients wait for (O1)', () => {
  it('is the time to the answer that holds the sampled message, of its own sender', async () => {
    const { clock, telemetry, one } = times();
    const [alice, bob] = [publisher(1), publisher(2)];
    one.sent(alice, 5);
    await clock.advance(20);
    one.acknowledged(bob, 5, 1);
    one.acknowledged(alice, 1, 4);
    expect(telemetry.value('iris_acknowledge_p50_ms')).toBeNaN();
    await clock.advance(10);
    one.acknowledged(alice, 4, 2);
    expect(telemetry.value('iris_acknowledge_p50_ms')).toBe(30);
  });

  it('is sampled again after a rest, and after a message that nobody answers', async () => {
    const { clock, telemetry, one } = times();
    const alice = publisher(1);
    one.sent(alice, 1);
    await clock.advance(APPEND_TIMEOUT_MS + LATENCY_SAMPLE_MS);
    one.sent(alice, 2);
    await clock.advance(4);
    one.acknowledged(alice, 2, 1);
    one.sent(alice, 3);
    await clock.advance(LATENCY_SAMPLE_MS);
    one.acknowledged(alice, 3, 1);
    expect(telemetry.value('iris_acknowledge_p99_ms')).toBe(4);
    expect(clock.waiting).toBe(0);
  });

  it('leaves out what waited for its reader’s login', async () => {
    const { clock, telemetry, one } = times();
    const login = clock.nowMs() * STAMPS_PER_MS;
    await clock.advance(50);
    one.delivered(stamped(login - STAMPS_PER_MS), 0, login);
    expect(telemetry.value('iris_delivery_p50_ms')).toBeNaN();
    one.delivered(stamped(login + 10 * STAMPS_PER_MS), 0, login);
    expect(telemetry.value('iris_delivery_p50_ms')).toBe(40);
  });
});
