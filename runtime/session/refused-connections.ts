import { REFUSAL_RETRY_MS, REFUSAL_WAIT_MS, REFUSED_CONNECTIONS_MAX } from '../contract/limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import type { Connection, ConnectionHandler } from '../ports/transport.ts';
import { ByteWriter } from '../wire/byte-writer.ts';
import { encodeLoginLimited } from '../wire/v1/encode.ts';
import { encodeFault, type FaultOptions } from '../wire/v2/fault.ts';

const FULL: FaultOptions = {
  code: 'OVERLOADED',
  message: 'the edge holds as many connections as it may; connect elsewhere',
  retryAfterMs: REFUSAL_RETRY_MS,
};

/**
 * Connections beyond what an edge may hold, or an address may open. Each hears why in its own protocol as soon as it has spoken, and is closed (L7, F23). A few
 * wait for that at a time; more are closed at once, so that being polite cannot use up what it protects.
 */
export class RefusedConnections {
  private readonly clock: Clock;
  private readonly count: { value: number };
  private readonly waiting = new Set<RefusedConnection>();

  constructor({ clock, telemetry }: { clock: Clock; telemetry: Telemetry }) {
    this.clock = clock;
    this.count = telemetry.counter(
      'iris_connections_refused_total',
      'Connections refused: the edge holds as many as it may, or their address may open no more now',
    );
  }

  take(connection: Connection, fault: FaultOptions = FULL): ConnectionHandler {
    this.count.value++;
    const refused = new RefusedConnection(connection, fault, () => this.waiting.delete(refused));
    if (this.waiting.size >= REFUSED_CONNECTIONS_MAX) {
      connection.destroy();
      return refused;
    }
    this.waiting.add(refused);
    this.clock.after(REFUSAL_WAIT_MS, () => connection.destroy());
    return refused;
  }
}

class RefusedConnection implements ConnectionHandler {
  readonly closed: () => void;
  private readonly connection: Connection;
  private readonly fault: FaultOptions;
  private isAnswered = false;

  constructor(connection: Connection, fault: FaultOptions, closed: () => void) {
    this.connection = connection;
    this.fault = fault;
    this.closed = closed;
  }

  /** The first byte tells the protocol: v2 frames begin with 0x00. */
  received(chunk: Buffer): void {
    if (this.isAnswered || chunk.length === 0) return;
    this.isAnswered = true;
    const out = new ByteWriter();
    if (chunk[0] === 0) encodeFault(out, this.fault);
    else encodeLoginLimited(out);
    this.connection.write(out.take());
    this.connection.end();
  }

  drained(): void {}
}
