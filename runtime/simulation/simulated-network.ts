import { IrisError } from '../contract/errors.ts';
import type { Connection, ConnectionHandler, ListenAddress, Listening, Transport } from '../ports/transport.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { ProcessClock, VirtualTime } from './virtual-time.ts';

/** Where a process is, for delays and cuts. */
export interface Place {
  readonly region: string;
  readonly clock: ProcessClock;
  /** Its writes arrive in one piece, or several together. */
  readonly arrivesWhole?: boolean;
}

interface Listener {
  readonly place: Place;
  accept(connection: Connection): ConnectionHandler;
}

const CONNECT_TIMEOUT_MS = 5_000;
/** Bytes the system takes for a peer that does not read; beyond them they count as queued. */
const SOCKET_BUFFER_BYTES = 65_536;

/**
 * TCP streams between simulated processes: delayed by distance, with jitter, cut into other chunks than they were written in. Bytes of
 * one connection keep their order and come once, as TCP has it; what a bad network does to them is delay without end. So a lost packet is
 * a stall, a cut between two regions holds bytes back, one way or both, until it heals or an end gives up, a slow path delays them; and
 * requests are doubled where they get through and their answers do not (`loseAnswers`). A process that dies resets its connections.
 */
export class SimulatedNetwork {
  private readonly time: VirtualTime;
  private readonly random: SeededRandom;
  private readonly listeners = new Map<string, Listener>();
  private readonly ends = new Set<End>();
  /** `from>to` pairs of regions whose bytes do not pass, and how many cuts hold them. */
  private readonly cuts = new Map<string, number>();
  /** `from>to` pairs of regions, and what delays are multiplied with. */
  private readonly slowness = new Map<string, number>();
  private isCalm = false;

  constructor(time: VirtualTime, random: SeededRandom) {
    this.time = time;
    this.random = random;
  }

  /** The network as a process at `place` sees it. */
  transportOf(place: Place): Transport {
    return {
      listen: (address, accept) => (place.clock.step() ? this.listen(place, address, accept) : never()),
      connect: (address, handler) => (place.clock.step() ? this.connect(place, address, handler) : never()),
    };
  }

  /** Nothing passes from one region to another until the cut is healed. */
  cut(from: string, to: string): { heal(): void } {
    if (this.isCalm) return { heal: () => undefined };
    const path = `${from}>${to}`;
    this.cuts.set(path, (this.cuts.get(path) ?? 0) + 1);
    let isHealed = false;
    return {
      heal: () => {
        if (isHealed) return;
        isHealed = true;
        const left = (this.cuts.get(path) ?? 0) - 1;
        if (left > 0) this.cuts.set(path, left);
        else this.cuts.delete(path);
        for (const end of this.ends) end.release();
      },
    };
  }

  /** Multiplies the delays from one region to another; 1 ends it. */
  slow(from: string, to: string, factor: number): void {
    this.slowness.set(`${from}>${to}`, factor);
  }

  /** From now on everything passes, at its usual speed. */
  calm(): void {
    this.isCalm = true;
    this.cuts.clear();
    this.slowness.clear();
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

  /** One direction of one connection in so many stands still for a while: packets are lost and sent again, ever later. */
  stallSome(oneIn: number, longestMs: number): void {
    for (const end of this.ends) if (this.random.oneIn(oneIn)) end.stall(this.nowMs + this.random.between(200, longestMs));
  }

  /** One connection in so many carries one direction only, then breaks: what was asked is done, unheard, and will be asked again. */
  loseAnswers(oneIn: number): void {
    for (const end of [...this.ends].filter(() => this.random.oneIn(oneIn))) {
      const endMs = this.nowMs + this.random.between(50, 2_000);
      end.stall(Number.POSITIVE_INFINITY);
      this.time.schedule(endMs, () => end.breakOff('connection reset'));
    }
  }

  isCut(from: Place, to: Place): boolean {
    return this.cuts.size > 0 && this.cuts.has(`${from.region}>${to.region}`);
  }

  get hasCuts(): boolean {
    return this.cuts.size > 0;
  }

  delayMs(from: Place, to: Place): number {
    const delayMs = from.region === to.region ? this.random.between(0.1, 1) : this.random.between(40, 120);
    return this.slowness.size === 0 ? delayMs : delayMs * (this.slowness.get(`${from.region}>${to.region}`) ?? 1);
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

  later(atMs: number, run: () => void): void {
    this.time.schedule(atMs, run);
  }

  forget(end: End): void {
    this.ends.delete(end);
  }

  private async listen(
    place: Place,
    { host, port }: ListenAddress,
    accept: (connection: Connection) => ConnectionHandler,
  ): Promise<Listening> {
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

/** What a process that has ended waits for. */
function never(): Promise<never> {
  return new Promise(() => undefined);
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
  private stalledUntilMs = 0;

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
    if (!this.place.clock.step() || this.peer === undefined || this.isEnding) return;
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

  /** Holds the bytes of this direction until a moment. */
  stall(untilMs: number): void {
    this.stalledUntilMs = untilMs;
    if (Number.isFinite(untilMs)) this.network.later(untilMs, () => this.release());
  }

  /** Moves bytes on, unless something holds them. */
  release(): void {
    const { peer } = this;
    if (peer === undefined || this.isPumping) return;
    if (this.underWay.length === 0 && !this.isEnding) return;
    if (this.isHeld(peer)) return;
    this.isPumping = true;
    this.arrivesMs = Math.max(this.arrivesMs, this.network.nowMs + this.network.delayMs(this.place, peer.place));
    this.network.schedule(peer.place, this.arrivesMs, () => this.arrive(peer));
  }

  private isHeld(peer: End): boolean {
    return this.network.nowMs < this.stalledUntilMs || this.network.isCut(this.place, peer.place);
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
    if (peer.handler === undefined || peer.isPaused || this.isHeld(peer)) return;
    const all = this.underWay.length === 1 ? (this.underWay[0] as Buffer) : Buffer.concat(this.underWay);
    const count = this.place.arrivesWhole === true || all.length === 0 ? all.length : this.network.chunk(all.length);
    this.underWay = count < all.length ? [all.subarray(count)] : [];
    const wasQueued = this.queuedBytes > 0;
    this.underWayBytes = all.length - count;
    if (count > 0) peer.handler.received(Buffer.from(all.subarray(0, count)));
    if (wasQueued && this.queuedBytes === 0) this.network.schedule(this.place, this.network.nowMs, () => this.handler?.drained());
    if (this.underWay.length === 0 && this.isEnding) this.breakOff('closed');
    else this.release();
  }
}
