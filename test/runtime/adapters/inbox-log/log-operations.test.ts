/** What a batch encodes is what a log that is opened again reads (B7). */
import fc from 'fast-check';
import { Kind, LogBatch, OperationReader, parkedPartsOf } from '../../../../runtime/adapters/inbox-log/log-operations.ts';
import { isIntact, readHeader, recordLength, sealRecord } from '../../../../runtime/adapters/inbox-log/log-record.ts';
import { Turns } from '../../../../runtime/measure/turns.ts';
import { envelopeOf } from '../../../fakes/envelopes.ts';

const NONCE = Buffer.from('segment!');
const name = fc.uint8Array({ maxLength: 256 }).map((bytes) => Buffer.from(bytes));
const latin1 = name.map((bytes) => bytes.toString('latin1'));
const number = fc.maxSafeNat();
const bodies = fc.array(fc.string({ maxLength: 40 }), { minLength: 1, maxLength: 5 });

/** One change, and what a reader must say of it. */
interface Change {
  apply(batch: LogBatch): void;
  readonly read: Readonly<Record<string, unknown>>;
}

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(name, fc.nat({ max: 0xffff_ffff }), number, bodies).map(([user, bucket, position, messages]): Change => {
    const envelope = envelopeOf({ bodies: messages });
    const key = Buffer.concat([Buffer.from('i'), Buffer.from(Uint32Array.of(bucket).buffer), user]).toString('latin1');
    const read = { kind: Kind.append, key, number: position, count: messages.length, index: 0, body: envelope };
    return { apply: (batch) => batch.appendInbox(user, bucket, position, envelope), read };
  }),
  fc.tuple(latin1, number, fc.nat({ max: 999 })).map(([row, position, firstIndex]): Change => {
    const envelope = envelopeOf({});
    return {
      apply: (batch) => batch.append(row, position, envelope, firstIndex),
      read: { kind: Kind.append, key: row, number: position, index: firstIndex, body: envelope },
    };
  }),
  fc.tuple(number, number, fc.nat({ max: 0xffff })).map(
    ([position, seconds, index]): Change => ({
      apply: (batch) => {
        batch.trimInbox(Buffer.from('bob'), 0, { position, index });
        batch.setLastSeen(Buffer.from('bob'), seconds);
      },
      read: { kind: Kind.trim, key: 'i\0\0\0\0bob', number: position, index },
    }),
  ),
  fc.tuple(latin1, number, number, fc.array(fc.record({ from: number, to: number }), { maxLength: 4 })).map(
    ([key, high, timeMs, holes]): Change => ({
      apply: (batch) => batch.mark(key, { high, holes }, timeMs),
      read: { kind: Kind.mark, key, number: high, markTimeMs: timeMs, markHoles: holes },
    }),
  ),
);

it('reads every change of a batch as it was made, in order', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
      const batch = new LogBatch(Buffer.allocUnsafe(64));
      for (const one of changes) one.apply(batch);
      const reader = new OperationReader();
      reader.begin(batch.bytes, 0, batch.length);
      for (const { read } of changes) {
        expect(reader.next()).toBe(true);
        for (const [field, value] of Object.entries(read)) expect(reader[field as keyof OperationReader]).toEqual(value);
        if (read['kind'] === Kind.trim) expect(reader.next()).toBe(true);
      }
      expect(reader.next()).toBe(false);
    }),
  );
});

it('gives back what a parked envelope’s row was made of', () => {
  fc.assert(
    fc.property(number, latin1, (parkedAtMs, markKey) => {
      const batch = new LogBatch();
      batch.park({ markKey, parkedAtMs, envelope: envelopeOf({ sequence: 7 }) });
      const reader = new OperationReader();
      reader.begin(batch.bytes, 0, batch.length);
      reader.next();
      expect({ ...parkedPartsOf(reader.key), sequence: reader.number }).toEqual({ parkedAtMs, markKey, sequence: 7 });
    }),
  );
});

it('finds a record whole, and fails on one with any bit flipped or another segment’s nonce (F6)', async () => {
  const batch = new LogBatch();
  batch.appendInbox(Buffer.from('bob'), 0, 9, envelopeOf({}));
  const seal = { sequence: 2 ** 40, durableThrough: 2 ** 40 - 3, nonce: NONCE };
  await sealRecord(batch.bytes, batch.length, seal, new Turns(setImmediate));
  const record = Buffer.from(batch.bytes.subarray(0, batch.length));
  expect(recordLength(record, 0, record.length, NONCE)).toBe(record.length);
  expect(isIntact(record, 0, record.length)).toBe(true);
  expect(readHeader(record, 0)).toEqual({ sequence: 2 ** 40, durableThrough: 2 ** 40 - 3 });
  expect(recordLength(record, 0, record.length, Buffer.from('another!'))).toBeUndefined();
  for (let bit = 0; bit < record.length * 8; bit++) {
    const flipped = Buffer.from(record);
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
    const length = recordLength(flipped, 0, flipped.length, NONCE);
    expect(length === record.length && isIntact(flipped, 0, length)).toBe(false);
  }
});
