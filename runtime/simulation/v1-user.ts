import type { Connection, ConnectionHandler } from '../ports/transport.ts';
import { OpcodeV1 } from '../wire/v1/opcodes.ts';
import type { History } from './history.ts';
import { bodyOf, MessageNames, nameOf, type SimulatedUser } from './simulated-user.ts';
import { ProcessClock } from './virtual-time.ts';
import type { World } from './world.ts';

const LOGIN_OK = Buffer.from([OpcodeV1.Ack, ...Buffer.from('LOGIN_OK')]);
const RETRY_MS = 1_000;
/** Of an id in hexadecimal: bucket, position and index. */
const PLACE_CHARACTERS = 28;

/**
 * One person with a client of the original: logs in, sends without hearing an answer, acknowledges each message by its id and knows a
 * repeated message by that id.
 */
export class V1User implements SimulatedUser, ConnectionHandler {
  readonly name: string;
  private readonly home: string;
  private readonly world: World;
  private readonly history: History;
  private readonly names: MessageNames;
  private readonly clock: ProcessClock;
  private readonly seen = new Set<string>();
  /** Set once ids do not tell any more what was seen before: they are of another log then. */
  private known: Set<string> | undefined;
  private readonly taken = new Set<string>();
  private connection: Connection | undefined;
  private isLoggedIn = false;
  private isWanted = false;
  private isComing = false;
  private pending: Buffer = Buffer.alloc(0);

  constructor(name: string, options: { home: string; world: World; history: History }) {
    this.name = name;
    this.home = options.home;
    this.world = options.world;
    this.history = options.history;
    this.names = new MessageNames(name);
    this.clock = new ProcessClock(options.world.time);
  }

  get isOnline(): boolean {
    return this.isLoggedIn;
  }

  send(to: string, count: number, bytes: number): void {
    const { connection } = this;
    if (connection === undefined || !this.isLoggedIn) return;
    const names = Array.from({ length: count }, () => this.names.next(to));
    for (const name of names) this.history.send(name);
    const target = bytes16(Buffer.from(to));
    const entries = names.map((name) => bytes16(Buffer.from(bodyOf(name, bytes))));
    if (entries.length === 1) {
      connection.write(Buffer.concat([Buffer.of(OpcodeV1.Send), target, ...entries]));
      return;
    }
    const blob = Buffer.concat(entries);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(blob.length);
    connection.write(Buffer.concat([Buffer.of(OpcodeV1.Batch), target, length, blob]));
  }

  comeOnline(): void {
    this.isWanted = true;
    if (this.connection !== undefined || this.isComing) return;
    this.isComing = true;
    this.names.nextSession();
    const address = this.world.random.pick(this.world.edgesOf(this.home));
    // Its LOGIN ends where the read ends, so its writes arrive whole, as small ones do.
    const transport = this.world.network.transportOf({ region: this.home, clock: this.clock, arrivesWhole: true });
    transport.connect(address, (connection) => this.greet(connection)).catch(() => this.closed());
  }

  leave(): void {
    this.isWanted = false;
    this.isLoggedIn = false;
    this.connection?.end();
  }

  stranded(): void {
    this.known = this.taken;
  }

  received(chunk: Buffer): void {
    this.pending = this.pending.length === 0 ? chunk : Buffer.concat([this.pending, chunk]);
    while (this.takePacket());
  }

  drained(): void {}

  closed(): void {
    this.connection = undefined;
    this.isLoggedIn = false;
    this.isComing = false;
    this.world.time.schedule(this.world.time.nowMs + RETRY_MS, () => {
      if (this.isWanted) this.comeOnline();
    });
  }

  private greet(connection: Connection): this {
    this.connection = connection;
    this.pending = Buffer.alloc(0);
    connection.write(Buffer.concat([Buffer.of(OpcodeV1.Login), Buffer.from(this.name)]));
    return this;
  }

  /** False when no whole packet is there. */
  private takePacket(): boolean {
    const { pending } = this;
    const bytes = packetBytes(pending);
    if (bytes === undefined || pending.length < bytes) return false;
    this.pending = pending.subarray(bytes);
    if (pending[0] === OpcodeV1.Ack) {
      this.isComing = false;
      this.isLoggedIn = this.isWanted;
    } else if (pending[0] === OpcodeV1.Reliable) this.take(pending.subarray(0, bytes));
    return true;
  }

  private take(packet: Buffer): void {
    const idEnd = 3 + packet.readUInt16BE(1);
    const id = packet.toString('hex', 3, idEnd);
    const name = nameOf(packet.toString('utf8', idEnd + 4));
    if (!this.seen.has(id) && this.known?.has(name) !== true)
      this.history.record({ event: 'receive', user: this.name, message: name, place: id.slice(0, PLACE_CHARACTERS) });
    this.seen.add(id);
    this.taken.add(name);
    this.history.record({ event: 'cursor', user: this.name, message: name });
    this.connection?.write(Buffer.concat([Buffer.of(OpcodeV1.Ack), packet.subarray(3, idEnd)]));
  }
}

/** Bytes of the packet that begins here; undefined while that cannot be told. */
function packetBytes(buffer: Buffer): number | undefined {
  if (buffer.length === 0) return undefined;
  switch (buffer[0]) {
    case OpcodeV1.Ack:
      return LOGIN_OK.length;
    case OpcodeV1.Reliable: {
      if (buffer.length < 3) return undefined;
      const lengthAt = 3 + buffer.readUInt16BE(1);
      return buffer.length < lengthAt + 4 ? undefined : lengthAt + 4 + buffer.readUInt32BE(lengthAt);
    }
    case OpcodeV1.Error:
      return buffer.length < 3 ? undefined : 3 + buffer.readUInt16BE(1);
    case OpcodeV1.RateLimited:
      return 5;
    default:
      throw new Error(`a v1 client got opcode ${String(buffer[0])}`);
  }
}

function bytes16(bytes: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
