import { LOG_APPENDS_WAITING_BYTES_MAX } from '../../runtime/contract/limits.ts';
import type { GroupLog, LogEntry } from '../../runtime/ports/group-log.ts';

/** One log under test, with what a test needs of the world around it. */
export interface LogUnderTest {
  readonly log: GroupLog;
  /** The same log, of another process. */
  openAgain(): Promise<GroupLog>;
  /** Retention: what lies before `offset` goes. */
  removeBefore(offset: number): Promise<void>;
  /** The engine is gone until `back`. */
  away(): Promise<void>;
  back(): Promise<void>;
  dispose(): Promise<void>;
}

/** Bytes that a reader must have room for. */
const PART_BYTES_MAX = 8 * 1_048_576;

const texts = (...words: string[]): Buffer[] => words.map((word) => Buffer.from(word));
const numbered = (from: number, count: number): Buffer[] =>
  Array.from({ length: count }, (_, index) => Buffer.from(`entry ${from + index}`));

async function parts(log: GroupLog, offset = 0): Promise<(readonly LogEntry[])[]> {
  const found: (readonly LogEntry[])[] = [];
  for await (const part of log.read(offset)) found.push(part);
  return found;
}
const entries = async (log: GroupLog, offset = 0): Promise<LogEntry[]> => (await parts(log, offset)).flat();
const bodies = async (log: GroupLog, offset = 0): Promise<string[]> => (await entries(log, offset)).map(({ body }) => body.toString());

/** The laws of GroupLog, run by every adapter. */
export function describeGroupLogContract(name: string, create: () => Promise<LogUnderTest>): void {
  describe(`${name} keeps the laws of GroupLog`, () => {
    let under: LogUnderTest;
    let log: GroupLog;

    beforeEach(async () => {
      under = await create();
      log = under.log;
    });
    afterEach(() => under.dispose());

    it('gives entries back unopened, in the order of their appends, at offsets that grow (L3)', async () => {
      const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
      const first = await log.append([Buffer.from('one'), bytes]);
      const second = await log.append([Buffer.alloc(0), Buffer.from('four')]);
      const found = await entries(log);
      expect(found.map(({ body }) => body)).toEqual([Buffer.from('one'), bytes, Buffer.alloc(0), Buffer.from('four')]);
      const offsets = found.map(({ offset }) => offset);
      expect(offsets).toEqual(offsets.toSorted((a, b) => a - b));
      expect(new Set(offsets).size).toBe(4);
      expect([first, second]).toEqual([offsets[1], offsets[3]]);
    });

    it('is empty at first, and reads on from any entry', async () => {
      expect(await bodies(log)).toEqual([]);
      const last = await log.append(texts('a', 'b', 'c'));
      expect(await bodies(log, last)).toEqual(['c']);
      expect(await bodies(log, last + 1)).toEqual([]);
      await log.append(texts('d'));
      expect(await bodies(log, last + 1)).toEqual(['d']);
      expect(await bodies(log)).toEqual(['a', 'b', 'c', 'd']);
    });

    it('keeps the order of appends that do not wait for each other (L3)', async () => {
      const appends = Array.from({ length: 50 }, (_, index) => log.append(numbered(index * 3, 3)));
      const offsets = await Promise.all(appends);
      expect(offsets).toEqual(offsets.toSorted((a, b) => a - b));
      const found = await entries(log);
      expect(found.map(({ body }) => body.toString())).toEqual(numbered(0, 150).map(String));
      expect(offsets).toEqual(found.filter((_, index) => index % 3 === 2).map(({ offset }) => offset));
    });

    it('takes the largest entry, and an append of many, and reads them in parts of bounded size', async () => {
      const largest = Buffer.alloc(log.entryBytesMax, 7);
      const many = Array.from({ length: 30 }, (_, index) => Buffer.alloc(300_000, index));
      await log.append([largest]);
      const last = await log.append(many);
      const found = await parts(log);
      expect(found.flat().map(({ body }) => [body.length, body[0]])).toEqual([largest, ...many].map((body) => [body.length, body[0]]));
      expect(found.flat().at(-1)?.offset).toBe(last);
      for (const part of found) {
        expect(part.reduce((sum, { body }) => sum + body.length, 0)).toBeLessThanOrEqual(PART_BYTES_MAX);
      }
    });

    it('fails on an entry above its limit, and on appends beyond what may wait, and takes the next (L8)', async () => {
      await expect(log.append([Buffer.alloc(log.entryBytesMax + 1)])).rejects.toMatchObject({ code: 'FRAME_TOO_LARGE' });
      const megabyte = Buffer.alloc(1_048_576, 1);
      const count = LOG_APPENDS_WAITING_BYTES_MAX / megabyte.length + 5;
      const outcomes = await Promise.allSettled(Array.from({ length: count }, () => log.append([megabyte])));
      const refused = outcomes.findIndex(({ status }) => status === 'rejected');
      expect(refused).toBeGreaterThan(0);
      expect(outcomes.slice(refused).every((outcome) => outcome.status === 'rejected' && outcome.reason.code === 'OVERLOADED')).toBe(true);
      await log.append(texts('next'));
      const found = await entries(log);
      expect([found.length, String(found.at(-1)?.body)]).toEqual([refused + 1, 'next']);
    });

    it('shows a later owner everything that was acknowledged to an earlier one, and keeps the order of each (L1, L10)', async () => {
      const other = await under.openAgain();
      await log.append(numbered(0, 10));
      expect(await bodies(other)).toEqual(numbered(0, 10).map(String));
      await Promise.all([
        log.append(numbered(10, 10)),
        other.append(texts('x', 'y')),
        log.append(numbered(20, 5)),
        other.append(texts('z')),
      ]);
      const found = await bodies(other);
      expect(found.filter((body) => body.startsWith('entry'))).toEqual(numbered(0, 25).map(String));
      expect(found.filter((body) => !body.startsWith('entry'))).toEqual(['x', 'y', 'z']);
      await other.close();
    });

    it('ends a read at what was the end when it began, whoever goes on appending', async () => {
      const other = await under.openAgain();
      await log.append(numbered(0, 20));
      let goesOn = true;
      const appending = (async () => {
        while (goesOn) await other.append(texts('more'));
      })();
      expect((await bodies(log)).slice(0, 20)).toEqual(numbered(0, 20).map(String));
      goesOn = false;
      await appending;
      await other.close();
    });

    it('fails with both offsets where retention has removed entries, or the log has not come so far (L1)', async () => {
      const last = await log.append(numbered(0, 10));
      await expect(entries(log, last + 1_000)).rejects.toMatchObject({
        code: 'ENGINE_INVALID',
        message: expect.stringMatching(new RegExp(`ends at \\d+.*${last + 1_000}`)),
      });
      const offset = (await entries(log))[4]?.offset as number;
      await under.removeBefore(offset);
      expect(await bodies(log, offset)).toEqual(numbered(4, 6).map(String));
      await expect(entries(log, offset - 1)).rejects.toMatchObject({
        code: 'ENGINE_INVALID',
        message: expect.stringMatching(new RegExp(`begins at ${offset}.*${offset - 1}`)),
      });
    });

    it('fails within a bounded time while the engine is away, all that wait behind it too; and loses nothing acknowledged (F3)', async () => {
      await log.append(numbered(0, 5));
      await under.away();
      const outcomes = await Promise.allSettled([log.append(texts('a')), log.append(texts('b')), log.append(texts('c'))]);
      for (const outcome of outcomes) expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'ENGINE_UNAVAILABLE' } });
      await expect(entries(log)).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
      await under.back();
      await log.append(texts('a', 'b', 'c'));
      const found = await bodies(log);
      // What was appended without an answer may stand there once more, before it was appended again.
      expect(found.slice(0, 5)).toEqual(numbered(0, 5).map(String));
      expect(found.slice(-3)).toEqual(['a', 'b', 'c']);
      expect(found.length).toBeLessThanOrEqual(11);
    }, 90_000);

    it('fails for what is appended when it is closed, and for what had not resolved', async () => {
      await log.append(texts('before'));
      const underWay = Promise.allSettled([log.append(texts('during'))]);
      await log.close();
      await expect(log.append(texts('after'))).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
      expect(await underWay).toMatchObject([{ status: 'rejected', reason: { code: 'ENGINE_UNAVAILABLE' } }]);
      const found = await bodies(await under.openAgain());
      expect(found[0]).toBe('before');
      expect(found).not.toContain('after');
    });
  });
}
