import { errorLine } from '../contract/errors.ts';
import { PULL_LATER } from '../ports/handover.ts';
import type { ShardOwner } from '../ports/shard-owner.ts';
import type { Log } from '../ports/telemetry.ts';
import type { ByteReader } from '../wire/byte-reader.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import { decodePull, encodeHandover } from '../wire/link/handover.ts';

/** Answers a new owner’s question about a user; `later` when the store cannot be read. */
export function answerPull(reader: ByteReader, parts: { owner: ShardOwner; log: Log }, writer: () => ByteWriter): void {
  const { query, request } = decodePull(reader);
  parts.owner.pull(request).then(
    (answer) => encodeHandover(writer(), query, answer),
    (error: unknown) => {
      parts.log.error('handover-read-failed', { reason: errorLine(error) });
      encodeHandover(writer(), query, PULL_LATER);
    },
  );
}
