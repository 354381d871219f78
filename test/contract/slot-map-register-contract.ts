import { createSlotMap } from '../../runtime/contract/slot-map.ts';
import type { SlotMap } from '../../runtime/contract/slot-map-schema.ts';
import type { SlotMapRegister } from '../../runtime/ports/slot-maps.ts';

/** One register under test. */
export interface RegisterUnderTest {
  /** Opens it once more, as another process does. */
  open(): SlotMapRegister;
  /** Puts text there that is no JSON. */
  damage(): Promise<void>;
  /** Milliseconds in which `next` hears of a publication. */
  readonly heardWithinMs: number;
  /** Whether the first map is put there by what made the place. */
  readonly isMade: boolean;
  dispose(): Promise<void>;
}

/** A map of that version that differs from any other by its mark. */
export function mapOf(version: number, mark = 0): SlotMap {
  return createSlotMap({
    environment: 'unit',
    version,
    shards: 4,
    regions: [
      {
        code: 'tokyo',
        awsRegion: 'ap-northeast-1',
        groups: [{ id: 'tokyo-0', firstShard: 0, shardCount: 4, address: `10.0.0.${mark}:7400` }],
      },
    ],
  });
}

/** The laws of SlotMapRegister, run by every adapter. */
export function describeSlotMapRegisterContract(name: string, create: () => Promise<RegisterUnderTest>): void {
  describe(`${name} keeps the laws of SlotMapRegister`, () => {
    let under: RegisterUnderTest;
    let register: SlotMapRegister;
    const none = new AbortController().signal;

    beforeAll(async () => {
      under = await create();
      register = under.open();
    });
    afterAll(() => under?.dispose());

    it('has no map before the first one, of which there is one (F17)', async () => {
      if (under.isMade) return expect(await register.read()).toMatchObject({ document: mapOf(1) });
      expect(await register.read()).toBeUndefined();
      const both = await Promise.all([register.publish(mapOf(1), undefined), under.open().publish(mapOf(1, 9), undefined)]);
      expect(both.filter(Boolean)).toHaveLength(1);
      expect(await register.publish(mapOf(1), undefined)).toBe(false);
    });

    it('gives a map and takes the next one; a publication has one revision, another has another', async () => {
      const first = await register.read();
      expect((await under.open().read())?.revision).toBe(first?.revision);
      expect(await register.publish(mapOf(2), first?.revision)).toBe(true);
      const second = await under.open().read();
      expect(second?.document).toEqual(mapOf(2));
      expect(second?.revision).not.toBe(first?.revision);
    });

    it('refuses who starts from an older publication, and nothing changes (F17)', async () => {
      const before = await register.read();
      expect(await register.publish(mapOf(3), before?.revision)).toBe(true);
      const now = await register.read();
      expect(await under.open().publish(mapOf(3, 1), before?.revision)).toBe(false);
      expect(await under.open().publish(mapOf(4, 1), before?.revision)).toBe(false);
      expect(await register.read()).toEqual(now);
    });

    it('lets one of several win that start from the same publication', async () => {
      const before = await register.read();
      const marks = Array.from({ length: 8 }, (_, mark) => mark + 1);
      const answers = await Promise.all(marks.map((mark) => under.open().publish(mapOf(4, mark), before?.revision)));
      expect(answers.filter(Boolean)).toHaveLength(1);
      expect((await register.read())?.document).toEqual(mapOf(4, answers.indexOf(true) + 1));
    });

    it('tells who waits of the next publication, and at once who lags behind', async () => {
      const before = await register.read();
      const reader = under.open();
      const heard = reader.next(before?.revision, none);
      await new Promise((done) => setTimeout(done, 100));
      const publishedMs = performance.now();
      expect(await register.publish(mapOf(5), before?.revision)).toBe(true);
      const first = await heard;
      const found = first?.revision === before?.revision ? await reader.next(before?.revision, none) : first;
      expect(performance.now() - publishedMs).toBeLessThan(under.heardWithinMs);
      expect(found?.document).toEqual(mapOf(5));
      expect(await under.open().next(before?.revision, none)).toEqual(found);
    });

    it('ends a wait when it is told to', async () => {
      const stop = new AbortController();
      const known = await register.read();
      const waiting = under.open().next(known?.revision, stop.signal);
      setTimeout(() => stop.abort(), 50);
      await waiting.catch(() => undefined);
    });

    it('fails with FILE_UNREADABLE on what is no JSON', async () => {
      await under.damage();
      await expect(under.open().read()).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
    });
  });
}
