import { errorLine } from '../contract/errors.ts';
import type { ShardOwner } from '../ports/shard-owner.ts';
import type { Log } from '../ports/telemetry.ts';
import type { ByteReader } from '../wire/byte-reader.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import { decodeMarkQuery, decodeSeal, encodeMarks, encodeSealed } from '../wire/link/buckets.ts';
import { LinkOpcode } from '../wire/link/opcodes.ts';
import { decodeReadingQuery, encodeReading } from '../wire/link/reading.ts';

/** Answers another node’s question about buckets; false for an opcode that is none. What fails is asked again. */
export function answerBuckets(
  opcode: number,
  reader: ByteReader,
  { owner, log, writer }: { owner: ShardOwner; log: Log; writer: () => ByteWriter },
): boolean {
  switch (opcode) {
    case LinkOpcode.Seal: {
      const { query, inbox, seal } = decodeSeal(reader);
      const failed = (error: unknown) => log.error('bucket-failed', { reason: errorLine(error) });
      owner.bucket(inbox, { seal }).then((report) => encodeSealed(writer(), query, report), failed);
      return true;
    }
    case LinkOpcode.MarkQuery: {
      const { query, ...question } = decodeMarkQuery(reader);
      const failed = (error: unknown) => log.error('marks-failed', { reason: errorLine(error) });
      owner.finalMarks(question).then((marks) => encodeMarks(writer(), query, marks), failed);
      return true;
    }
    case LinkOpcode.ReadingQuery: {
      const { query, user, loginStamp } = decodeReadingQuery(reader);
      encodeReading(writer(), query, owner.reading(user, loginStamp));
      return true;
    }
    default:
      return false;
  }
}
