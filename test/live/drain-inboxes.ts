import { setPriority } from 'node:os';
import { createTcpTransport } from '../../runtime/adapters/transport-tcp.ts';
import { IrisError } from '../../runtime/contract/errors.ts';
import type { Connection } from '../../runtime/ports/transport.ts';
import { ByteReader } from '../../runtime/wire/byte-reader.ts';
import { ByteWriter } from '../../runtime/wire/byte-writer.ts';
import { FrameSplitter } from '../../runtime/wire/frame-splitter.ts';
import { encodeAck } from '../../runtime/wire/v2/ack.ts';
import { decodeDeliver } from '../../runtime/wire/v2/deliver.ts';
import { encodeHello } from '../../runtime/wire/v2/hello.ts';
import { Opcode } from '../../runtime/wire/v2/opcodes.ts';

/**
 * A process of its own: `node drain-inboxes.ts <address> <users> <messages each>` logs `behind-0` … in, reads their inboxes to the end and
 * prints one JSON line: messages, milliseconds, and how many came out of order. Each body begins with its number.
 */
const [address, users, expected] = [process.argv[2] as string, Number(process.argv[3]), Number(process.argv[4])];
// The nodes under test share the machine with this: it takes what they leave.
setPriority(10);
const startedMs = performance.now();
let [messages, disorder, finished] = [0, 0, 0];

async function drain(user: string): Promise<void> {
  const [splitter, reader] = [new FrameSplitter(2 << 20), new ByteReader()];
  let next = 0;
  let connection: Connection;
  await createTcpTransport().connect(address, (opened) => {
    connection = opened;
    const frame = (buffer: Buffer, start: number, end: number) => {
      reader.reset(buffer, start, end);
      if (reader.u8() !== Opcode.Deliver) return;
      const { bucket, position, count, messages: bodies } = decodeDeliver(reader);
      for (const body of bodies) if (Number.parseInt(body.toString('latin1', 0, 8), 10) !== next++) disorder++;
      messages += count;
      connection.write(framed((out) => encodeAck(out, { bucket, position, index: count - 1 })));
      if (next >= expected) finish();
    };
    opened.write(
      framed((out) =>
        encodeHello(out, { versionMin: 2, versionMax: 2, device: Buffer.alloc(8, 1), user: Buffer.from(user), token: '', cursors: [] }),
      ),
    );
    return {
      received: (chunk) => splitter.push(chunk, { frame }),
      drained() {},
      closed(reason) {
        if (next < expected) throw new IrisError('CONNECTION_FAILED', `${user} lost its connection: ${reason}`);
      },
    };
  });
}

function finish(): void {
  if (++finished < users) return;
  process.stdout.write(`${JSON.stringify({ messages, ms: Math.round(performance.now() - startedMs), disorder })}\n`);
  setTimeout(() => process.exit(0), 200);
}

function framed(write: (out: ByteWriter) => void): Buffer {
  const out = new ByteWriter();
  write(out);
  return out.take();
}

for (let i = 0; i < users; i++) await drain(`behind-${i}`);
