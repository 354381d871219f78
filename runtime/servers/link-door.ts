import { StandbyLink } from '../link/standby-link.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/telemetry.ts';
import type { Connection, ConnectionHandler, ListenAddress, Listening, Transport } from '../ports/transport.ts';

export interface LinkDoorParts {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Log;
  readonly node: string;
}

/**
 * The link listener of a core from its start on: until the core owns its shards, who links is told that it is a standby. It stands in for the
 * transport with which the core is then opened, so that the port is never let go.
 */
export class LinkDoor implements Transport {
  readonly address: string;
  private readonly transport: Transport;
  private readonly listening: Listening;
  private readonly state: { accept: (connection: Connection) => ConnectionHandler };

  private constructor(transport: Transport, listening: Listening, state: LinkDoor['state']) {
    this.transport = transport;
    this.listening = listening;
    this.address = listening.address;
    this.state = state;
  }

  /** @throws IrisError ADDRESS_IN_USE */
  static async open(at: ListenAddress, parts: LinkDoorParts): Promise<LinkDoor> {
    const state: LinkDoor['state'] = { accept: (connection) => new StandbyLink(parts, connection) };
    const listening = await parts.transport.listen(at, (connection) => state.accept(connection));
    return new LinkDoor(parts.transport, listening, state);
  }

  /** The core serves from now on. */
  async listen(_: ListenAddress, accept: (connection: Connection) => ConnectionHandler): Promise<Listening> {
    this.state.accept = accept;
    return this.listening;
  }

  connect(address: string, handler: (connection: Connection) => ConnectionHandler): Promise<void> {
    return this.transport.connect(address, handler);
  }

  close(): Promise<void> {
    return this.listening.close();
  }
}
