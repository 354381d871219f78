import type { Connection, ConnectionHandler } from '../ports/transport.ts';
import type { Session, SessionParts } from './session-parts.ts';
import { SessionV1 } from './session-v1.ts';
import { SessionV2 } from './session-v2.ts';

/**
 * A client’s connection before and after its protocol is known. The first byte tells: v2 frames begin with a length below 2^24, so with
 * 0x00, which is no opcode of v1.
 */
export class ClientConnection implements ConnectionHandler {
  private readonly parts: SessionParts;
  private readonly connection: Connection;
  private readonly gone: (connection: ClientConnection) => void;
  /** In the rate limits; the connection no longer knows once it is closed. */
  private readonly address: string | undefined;
  private readonly openedMs: number;
  session: Session | undefined;

  constructor(parts: SessionParts, connection: Connection, gone: (connection: ClientConnection) => void) {
    this.parts = parts;
    this.connection = connection;
    this.gone = gone;
    this.address = parts.limitedAddress(connection.remoteAddress);
    this.openedMs = parts.clock.monotonicMs();
  }

  received(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.session ??= chunk[0] === 0 ? new SessionV2(this.parts, this.connection) : new SessionV1(this.parts, this.connection);
    this.session.received(chunk);
  }

  drained(): void {
    this.session?.drained();
  }

  closed(): void {
    this.session?.closed();
    // A draining node is no fault of who could not log in.
    if (this.session?.isLoggedIn !== true && !this.parts.isDraining() && this.address !== undefined)
      this.parts.rates.take('connections', this.address);
    this.gone(this);
  }

  checkIdle(nowMs: number, loginTimeoutMs: number): void {
    if (this.session !== undefined) this.session.checkIdle(nowMs);
    else if (nowMs - this.openedMs > loginTimeoutMs) this.connection.destroy();
  }

  /** Ends the connection after what is queued. */
  end(): void {
    this.connection.end();
  }
}
