import { IrisError } from '../../runtime/contract/errors.ts';
import type { Connection, ConnectionHandler, ListenAddress, Listening, Transport } from '../../runtime/ports/transport.ts';
import type { ManualClock } from './manual-clock.ts';

/** Byte streams between parts of one test, over the test’s clock: with a delay, and cut or silent when the test says so. */
export class MemoryTransport implements Transport {
  delayMs = 1;
  /** Refuses new connections, as an unreachable host does. */
  isUnreachable = false;
  private readonly clock: ManualClock;
  private readonly listeners = new Map<string, (connection: Connection) => ConnectionHandler>();
  private readonly open = new Set<MemoryConnection>();

  constructor(clock: ManualClock) {
    this.clock = clock;
  }

  async listen({ host, port }: ListenAddress, accept: (connection: Connection) => ConnectionHandler): Promise<Listening> {
    const address = `${host}:${port}`;
    if (this.listeners.has(address)) throw new IrisError('ADDRESS_IN_USE', `${address} is taken`);
    this.listeners.set(address, accept);
    return { address, close: async () => void this.listeners.delete(address) };
  }

  async connect(address: string, handler: (connection: Connection) => ConnectionHandler): Promise<void> {
    await new Promise<void>((resolve) => {
      this.clock.after(this.delayMs, resolve);
    });
    const accept = this.listeners.get(address);
    if (accept === undefined || this.isUnreachable) throw new IrisError('CONNECTION_FAILED', `no connection to ${address}: refused`);
    const [near, far] = [new MemoryConnection(this, address), new MemoryConnection(this, 'client')];
    near.peer = far;
    far.peer = near;
    this.open.add(near).add(far);
    far.handler = accept(far);
    near.handler = handler(near);
  }

  get connections(): number {
    return this.open.size / 2;
  }

  /** Bytes that wait for a side that does not read. */
  get heldBytes(): number {
    let bytes = 0;
    for (const { held } of this.open) for (const chunk of held) bytes += chunk.length;
    return bytes;
  }

  /** Ends every connection, as a lost link does: both sides hear of it. */
  cut(): void {
    for (const connection of this.open) connection.destroy();
  }

  /** Swallows what goes this way, without an end: `up` is from the side that connected. */
  mute(direction: 'up' | 'down' | 'none'): void {
    for (const connection of this.open) connection.isMuted = direction === (connection.remoteAddress === 'client' ? 'down' : 'up');
  }

  /** Sends bytes that neither side wrote. */
  inject(direction: 'up' | 'down', bytes: Buffer): void {
    for (const connection of this.open) {
      if ((connection.remoteAddress === 'client') === (direction === 'down')) connection.write(bytes);
    }
  }

  /** @internal */
  later(work: () => void): void {
    this.clock.after(this.delayMs, work);
  }

  /** @internal */
  closed(connection: MemoryConnection): void {
    this.open.delete(connection);
  }
}

class MemoryConnection implements Connection {
  readonly remoteAddress: string;
  readonly queuedBytes = 0;
  peer: MemoryConnection | undefined;
  handler: ConnectionHandler | undefined;
  isMuted = false;
  /** What came while it was not read. */
  readonly held: Buffer[] = [];
  private isPaused = false;
  private readonly transport: MemoryTransport;
  private isOpen = true;

  constructor(transport: MemoryTransport, remoteAddress: string) {
    this.transport = transport;
    this.remoteAddress = remoteAddress;
  }

  write(bytes: Buffer): void {
    if (!this.isOpen || this.isMuted) return;
    const copy = Buffer.from(bytes);
    this.transport.later(() => {
      if (this.peer?.isOpen === true) this.peer.arrived(copy);
    });
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.transport.later(() => {
      while (!this.isPaused && this.held.length > 0) this.handler?.received(this.held.shift() as Buffer);
    });
  }

  arrived(bytes: Buffer): void {
    if (this.isPaused || this.held.length > 0) this.held.push(bytes);
    else this.handler?.received(bytes);
  }

  end(): void {
    this.transport.later(() => this.destroy());
  }

  destroy(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.transport.closed(this);
    this.transport.later(() => {
      this.handler?.closed('destroyed');
      this.peer?.destroy();
    });
  }
}
