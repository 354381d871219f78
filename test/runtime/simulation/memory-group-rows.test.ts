/** The rows that the simulator keeps in memory hold the contract of a group’s rows, and fail as an engine does (L10, F3). */
import fc from 'fast-check';
import { IrisError } from '../../../runtime/contract/errors.ts';
import type { RowChange } from '../../../runtime/ports/group-rows.ts';
import { MemoryRowStorage } from '../../../runtime/simulation/memory-group-rows.ts';
import { describeGroupRowsContract, isAway } from '../../contract/group-rows-contract.ts';
import { envelopeOf } from '../../fakes/envelopes.ts';

const groups = new Map<string, MemoryRowStorage>();
const ALL = { envelopesMax: 1_000, bytesMax: 1 << 30 };
const bob = { user: Buffer.from('bob'), bucket: 0 };

describeGroupRowsContract('memory', {
  async open(group) {
    const storage = groups.get(group) ?? new MemoryRowStorage();
    groups.set(group, storage);
    return storage.open();
  },
});

const change = fc.oneof(
  fc.nat({ max: 8 }).map((position): RowChange => ({ kind: 'no-envelope', inbox: bob, chunk: 0, position })),
  fc.nat({ max: 8 }).map((position): RowChange => ({ kind: 'trim', inbox: bob, firstChunk: 0, chunk: 0, position })),
  fc.nat({ max: 8 }).map((high): RowChange => ({ kind: 'mark', key: 'k', mark: { high, holes: [] }, timeMs: 0 })),
  fc.boolean().map((isKept): RowChange => {
    const row = { record: 1, user: bob.user } as const;
    return isKept ? { kind: 'record', ...row, value: Buffer.of(1) } : { kind: 'no-record', ...row };
  }),
);

it('comes to the same rows however batches are joined, repeated, cut short and applied late', async () => {
  const history = fc.array(fc.array(change, { maxLength: 4 }), { minLength: 1, maxLength: 8 });
  const mistakes = fc.array(fc.record({ from: fc.nat(7), to: fc.nat(7), cut: fc.nat(9) }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(history, mistakes, async (drawn, repeats) => {
      // One envelope with each batch, at a place of its own.
      const batches = drawn.map((changes, i): RowChange[] => [
        { kind: 'envelope', inbox: bob, chunk: 0, position: i + 1, envelope: envelopeOf({ sequence: i + 1 }), messages: 1 },
        ...changes.filter((one) => one.kind !== 'trim' || one.position <= i + 1),
      ]);
      const [plain, tried] = [new MemoryRowStorage(), new MemoryRowStorage()];
      for (const [i, batch] of batches.entries()) await plain.open().apply(batch, { epoch: 1, number: i });
      let left = 0;
      const faulty = tried.open({ endsHere: () => left-- <= 0 });
      for (const { from, to, cut } of repeats) {
        left = cut;
        const joined = batches.slice(from, to + 1);
        const last = Math.min(to, batches.length - 1);
        if (joined.length > 0) await faulty.apply(joined.flat(), { epoch: 1, number: last }).catch(ignoreIfAway);
      }
      await tried.open().apply(batches.flat(), { epoch: 1, number: batches.length - 1 });
      for (const { from } of repeats) {
        const late = batches[from];
        if (late !== undefined) await tried.open().apply(late, { epoch: 1, number: from });
      }
      const read = async (storage: MemoryRowStorage) => {
        const rows = storage.open();
        const range = { inbox: bob, firstChunk: 0, lastChunk: 0, position: 0 };
        return [await rows.readInbox(range, ALL), await rows.readMarks(['k']), await rows.readRecords(1)];
      };
      expect(await read(tried)).toEqual(await read(plain));
    }),
    { numRuns: 300 },
  );
});

function ignoreIfAway(error: unknown): void {
  if (!isAway(error)) throw error;
}

it('rejects while its engine is away, and when an answer is lost the change stands', async () => {
  const storage = new MemoryRowStorage();
  const away = () => Promise.reject(new IrisError('ENGINE_UNAVAILABLE', 'away'));
  const seen: RowChange = { kind: 'seen', user: bob.user, seconds: 5 };
  await expect(storage.open({ before: away }).apply([seen], { epoch: 1, number: 1 })).rejects.toThrow('away');
  expect(await storage.open().readLastSeen(bob.user)).toBeUndefined();
  await expect(storage.open({ after: away }).apply([seen], { epoch: 1, number: 1 })).rejects.toThrow('away');
  expect(await storage.open().readLastSeen(bob.user)).toBe(5);
});
