import { IrisError } from '../contract/errors.ts';
import type { Connection, ConnectionHandler, ListenAddress, Listening, Transport } from '../ports/transport.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { ProcessClock, VirtualTime } from './virtual-time.ts';

/** Where a process is, for delays and cuts. */
export interface Place {
  readonly region: string;
  readonly clock: ProcessClock;
}

interface Listener {
  readonly place: Place;
  accept(connection: Connection): ConnectionHandler;
}

const CONNECT_TIMEOUT_MS = 5_000;
/** Bytes the system takes for a peer that does not read; beyond them they count as queued. */
const SOCKET_BUFFER_BYTES = 65_536;

/**
 * Streams between simulated processes: delayed by distance, with jitter, cut into other chunks than they were written in. A cut between
 * two regions holds bytes back, one way or both, until it heals or an end gives up; a process that dies resets its connections.
 */
export class SimulatedNetwork {
  private readonly time: VirtualTime;
  private readonly random: SeededRandom;
  private readonly listeners = new Map<string, Listener>();
  private readonly ends = new Set<End>();
  /** `from>to` pairs of regions whose bytes do not pass. */
  private readonly cuts = new Set<string>();

  constructor(time: VirtualTime, random: SeededRandom) {
    this.time = time;
    this.random = random;
  }

  /** The network as a process at `place` sees it. */
  transportOf(place: Place): Transport {
    return {
      listen: async (address, accept) => this.listen(place, address, accept),
      connect: (address, handler) => this.connect(place, address, handler),
    };
  }

  cut(from: string, to: string): void {
    this.cuts.add(`${from}>${to}`);
  }

  heal(): void {
    this.cuts.clear();
    for (const end of this.ends) end.release();
  }

  /** The process is gone: its listeners close and its peers see a reset. */
  kill(place: Place): void {
    for (const [address, listener] of this.listeners) if (listener.place === place) this.listeners.delete(address);
    for (const end of this.ends) if (end.place === place) end.breakOff('connection reset');
  }

  /** Breaks one connection in so many, as middle boxes do. */
  breakSome(oneIn: number): number {
    const broken = [...this.ends].filter(() => this.random.oneIn(oneIn));
    for (const end of broken) end.breakOff('connection reset');
    return broken.length;
  }

  isCut(from: Place, to: Place): boolean {
    return this.cuts.has(`${from.region}>${to.region}`);
  }

  delayMs(from: Place, to: Place): number {
    return from.region === to.region ? this.random.between(0.1, 1) : this.random.between(40, 120);
  }

  /** How many of `length` bytes arrive together. */
  chunk(length: number): number {
    return this.random.oneIn(8) ? 1 + this.random.below(length) : length;
  }

  schedule(place: Place, atMs: number, run: () => void): void {
    place.clock.at(atMs, run);
  }

  get nowMs(): number {
    return this.time.nowMs;
  }

  forget(end: End): void {
    this.ends.delete(end);
  }

  private listen(place: Place, { host, port }: ListenAddress, accept: (connection: Connection) => ConnectionHandler): Listening {
    const address = `${host}:${port}`;
    if (this.listeners.has(address)) throw new IrisError('ADDRESS_IN_USE', `${address} is taken`);
    this.listeners.set(address, { place, accept });
    return {
      address,
      close: async () => {
        this.listeners.delete(address);
      },
    };
  }

  private connect(place: Place, address: string, handler: (connection: Connection) => ConnectionHandler): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (reason: string) => reject(new IrisError('CONNECTION_FAILED', `no connection to ${address}: ${reason}`));
      const listener = this.listeners.get(address);
      const isUnreachable = listener !== undefined && (this.isCut(place, listener.place) || this.isCut(listener.place, place));
      if (isUnreachable) {
        this.schedule(place, this.nowMs + CONNECT_TIMEOUT_MS, () => fail('no answer'));
        return;
      }
      const there = listener?.place ?? place;
      this.schedule(place, this.nowMs + 2 * this.delayMs(place, there), () => {
        const now = this.listeners.get(address);
        if (now === undefined) {
          fail('refused');
          return;
        }
        const [here, far] = [new End(this, place), new End(this, now.place)];
        here.join(far);
        far.join(here);
        this.ends.add(here).add(far);
        far.handler = now.accept(far);
        here.handler = handler(here);
        resolve();
      });
    });
  }
}

/** One side of a stream. */
class End implements Connection {
  readonly remoteAddress = 'simulated:0';
  readonly place: Place;
  handler: ConnectionHandler | undefined;
  private readonly network: SimulatedNetwork;
  private peer: End | undefined;
  /** Written here and not yet read there. */
  private underWay: Buffer[] = [];
  private underWayBytes = 0;
  private arrivesMs = 0;
  private isPaused = false;
  private isEnding = false;
  private isPumping = false;

  constructor(network: SimulatedNetwork, place: Place) {
    this.network = network;
    this.place = place;
  }

  join(peer: End): void {
    this.peer = peer;
  }

  get queuedBytes(): number {
    return Math.max(0, this.underWayBytes - SOCKET_BUFFER_BYTES);
  }

  write(bytes: Buffer): void {
    if (this.peer === undefined || this.isEnding) return;
    this.underWay.push(bytes);
    this.underWayBytes += bytes.length;
    this.release();
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    this.peer?.release();
  }

  end(): void {
    this.isEnding = true;
    this.release();
  }

  destroy(): void {
    this.breakOff('closed');
  }

  /** Moves bytes on, unless something holds them. */
  release(): void {
    const { peer } = this;
    if (peer === undefined || this.isPumping) return;
    if (this.underWay.length === 0 && !this.isEnding) return;
    if (this.network.isCut(this.place, peer.place)) return;
    this.isPumping = true;
    this.arrivesMs = Math.max(this.arrivesMs, this.network.nowMs + this.network.delayMs(this.place, peer.place));
    this.network.schedule(peer.place, this.arrivesMs, () => this.arrive(peer));
  }

  /** Both sides lose the connection. */
  breakOff(reason: string): void {
    const { peer } = this;
    this.close(reason);
    if (peer === undefined) return;
    const tell = () => peer.close(reason);
    if (!this.network.isCut(this.place, peer.place))
      this.network.schedule(peer.place, this.network.nowMs + this.network.delayMs(this.place, peer.place), tell);
    else peer.peer = undefined;
  }

  private close(reason: string): void {
    const { handler } = this;
    this.peer = undefined;
    this.underWay = [];
    this.handler = undefined;
    this.network.forget(this);
    if (handler !== undefined) this.network.schedule(this.place, this.network.nowMs, () => handler.closed(reason));
  }

  private arrive(peer: End): void {
    this.isPumping = false;
    if (peer.handler === undefined || peer.isPaused || this.network.isCut(this.place, peer.place)) return;
    const all = Buffer.concat(this.underWay);
    const count = all.length === 0 ? 0 : this.network.chunk(all.length);
    this.underWay = count < all.length ? [all.subarray(count)] : [];
    const wasQueued = this.queuedBytes > 0;
    this.underWayBytes = all.length - count;
    if (count > 0) peer.handler.received(Buffer.from(all.subarray(0, count)));
    if (wasQueued && this.queuedBytes === 0) this.handler?.drained();
    if (this.underWay.length === 0 && this.isEnding) this.breakOff('closed');
    else this.release();
  }
}
