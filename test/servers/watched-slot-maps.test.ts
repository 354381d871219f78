/** F17, F20, L12: a node follows the place where slot maps are published; while it is away or holds a bad one, the last good one stays. */

import { IrisError } from '../../runtime/contract/errors.ts';
import { REGISTER_RETRY_FIRST_MS, REGISTER_RETRY_LAST_MS, SLOT_MAP_POLL_MS } from '../../runtime/contract/limits.ts';
import type { PublishedSlotMap, SlotMapRegister } from '../../runtime/ports/slot-maps.ts';
import { LiveSlotMaps } from '../../runtime/servers/live-slot-maps.ts';
import { WatchedSlotMaps } from '../../runtime/servers/watched-slot-maps.ts';
import { mapOf } from '../contract/slot-map-register-contract.ts';
import { fixedRandom, ManualClock } from '../fakes/manual-clock.ts';
import { MemoryTelemetry } from '../fakes/memory-telemetry.ts';

/** A register in memory that can be away. */
class MemoryRegister implements SlotMapRegister {
  readonly name = 'memory';
  asked = 0;
  isAway = false;
  private published: PublishedSlotMap | undefined;
  private waiting: (() => void)[] = [];

  put(document: unknown): void {
    this.published = { document, revision: String(Number(this.published?.revision ?? 0) + 1) };
    for (const wake of this.waiting.splice(0)) wake();
  }

  read(): Promise<PublishedSlotMap | undefined> {
    this.asked++;
    return this.isAway ? Promise.reject(new IrisError('ENGINE_UNAVAILABLE', 'memory does not answer')) : Promise.resolve(this.published);
  }

  async next(known: string | undefined, signal: AbortSignal): Promise<PublishedSlotMap | undefined> {
    if (this.isAway || this.published?.revision !== known) return await this.read();
    await new Promise<void>((done) => {
      this.waiting.push(done);
      signal.addEventListener('abort', () => done());
    });
    return await this.read();
  }

  publish(): Promise<boolean> {
    return Promise.reject(new Error('nobody publishes here'));
  }

  /** Ends what waits, as a lost connection does. */
  drop(): void {
    this.isAway = true;
    for (const wake of this.waiting.splice(0)) wake();
  }
}

function world(kept?: unknown) {
  const [register, clock, telemetry] = [new MemoryRegister(), new ManualClock(), new MemoryTelemetry()];
  const source = new WatchedSlotMaps({ register, clock, random: fixedRandom(), telemetry });
  const open = () => LiveSlotMaps.open({ source, clock, telemetry, environment: 'unit', kept: async () => kept });
  const told = (event: string) => telemetry.lines.filter((line) => line.event === event).length;
  return { register, clock, telemetry, source, open, told };
}

it('takes what is published within a look, without asking the register for it', async () => {
  const { register, clock, open } = world();
  register.put(mapOf(1));
  const slots = await open();
  const { asked } = register;
  await clock.advance(60_000);
  expect(register.asked).toBe(asked);
  register.put(mapOf(2));
  await clock.advance(SLOT_MAP_POLL_MS);
  expect(slots.current.map.version).toBe(2);
  slots.stop();
});

it('starts with the last good one while the register is away, and goes on when it is back', async () => {
  const { register, clock, telemetry, open, told } = world(mapOf(3));
  register.isAway = true;
  register.put(mapOf(4));
  const slots = await open();
  expect(slots.current.map.version).toBe(3);
  expect([told('slot-map-source-away'), telemetry.value('iris_slot_map_source_up')]).toEqual([1, 0]);
  register.isAway = false;
  await clock.advance(2 * REGISTER_RETRY_FIRST_MS + SLOT_MAP_POLL_MS);
  expect(slots.current.map.version).toBe(4);
  expect([
    told('slot-map-source-back'),
    telemetry.value('iris_slot_map_source_up'),
    telemetry.value('iris_slot_map_refused_total'),
  ]).toEqual([1, 1, 0]);
  slots.stop();
});

it('starts with the newer of the register’s map and the kept one, and never goes back', async () => {
  for (const [published, kept, version] of [
    [5, 4, 5],
    [2, 4, 4],
  ] as const) {
    const { register, open, told } = world(mapOf(kept));
    register.put(mapOf(published));
    const slots = await open();
    expect([slots.current.map.version, told('slot-map-refused')]).toEqual([version, version === published ? 0 : 1]);
    slots.stop();
  }
});

it('starts with the kept one where a bad one is published, and tells it once (F17)', async () => {
  const { register, clock, telemetry, open, told } = world(mapOf(4));
  register.put({ ...mapOf(5), tableSha256: '0'.repeat(64) });
  const slots = await open();
  await clock.advance(60_000);
  expect([slots.current.map.version, told('slot-map-refused'), telemetry.value('iris_slot_map_refused_total')]).toEqual([4, 1, 1]);
  register.put(mapOf(5));
  await clock.advance(SLOT_MAP_POLL_MS);
  expect(slots.current.map.version).toBe(5);
  slots.stop();
});

it('does not start without either, and a kept one of another environment is none', async () => {
  const { register, open, source } = world({ ...mapOf(3), environment: 'other' });
  register.isAway = true;
  await expect(open()).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
  source.close();
  const empty = world();
  await expect(empty.open()).rejects.toMatchObject({ code: 'FILE_UNREADABLE', message: expect.stringMatching(/holds no slot map/) });
  empty.source.close();
});

it('asks a register that is away ever more rarely, and tells it once (F20)', async () => {
  const { register, clock, open, told } = world(mapOf(1));
  register.put(mapOf(1));
  const slots = await open();
  register.drop();
  await clock.advance(5_000);
  const first = register.asked;
  await clock.advance(600_000);
  const [asked, most] = [register.asked - first, 600_000 / REGISTER_RETRY_LAST_MS];
  expect(asked).toBeGreaterThan(most / 2);
  expect(asked).toBeLessThanOrEqual(most + 3);
  expect(told('slot-map-source-away')).toBe(1);
  slots.stop();
});
