import { ERROR_CODES, errorLine } from '../contract/errors.ts';
import { LINK_SILENT_MS, LINK_STANDBY_RETRY_MS } from '../contract/limits.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { Log } from '../ports/telemetry.ts';
import type { Connection, ConnectionHandler } from '../ports/transport.ts';
import { ByteWriter } from '../wire/byte-writer.ts';
import { type FrameSink, FrameSplitter } from '../wire/frame-splitter.ts';
import { encodeLinkRefuse } from '../wire/link/hello.ts';
import { LINK_HEADER_BYTES_MAX } from '../wire/link/opcodes.ts';

/** Bytes of a greeting: three names and options. */
const GREETING_BYTES_MAX = 4_096 + LINK_HEADER_BYTES_MAX;

/** A link to a node that owns nothing yet: it is told so, and to ask again soon. */
export class StandbyLink implements ConnectionHandler, FrameSink {
  private readonly parts: { readonly clock: Clock; readonly log: Log; readonly node: string };
  private readonly connection: Connection;
  private readonly splitter = new FrameSplitter(GREETING_BYTES_MAX);
  private readonly deadline: Timer;

  constructor(parts: StandbyLink['parts'], connection: Connection) {
    this.parts = parts;
    this.connection = connection;
    this.deadline = parts.clock.after(LINK_SILENT_MS, () => connection.destroy());
  }

  received(chunk: Buffer): void {
    try {
      this.splitter.push(chunk, this);
    } catch (error) {
      this.parts.log.error('link-frame-refused', { peer: this.connection.remoteAddress, reason: errorLine(error) });
      this.connection.destroy();
    }
  }

  /** Whatever the greeting is: what it asks for is not here. */
  frame(): void {
    const out = new ByteWriter();
    const message = `node ${this.parts.node} is a standby; the owner of its shards is at another address`;
    encodeLinkRefuse(out, { wire: ERROR_CODES.NOT_OWNER.wire, message, retryAfterMs: LINK_STANDBY_RETRY_MS });
    this.connection.write(out.take());
    this.splitter.stop();
    this.connection.end();
  }

  drained(): void {}

  closed(): void {
    this.deadline.stop();
  }
}
