import { errorCodeOfWire, IrisError } from '../contract/errors.ts';
import type { InboxGap } from '../contract/inbox-gap.ts';
import type { MergeStream } from '../follow/stamp-merge.ts';
import type { ByteReader } from '../wire/byte-reader.ts';
import { encodeBye } from '../wire/v2/bye.ts';
import { type DeliverFrame, decodeDeliver } from '../wire/v2/deliver.ts';
import { decodeFault } from '../wire/v2/fault.ts';
import { encodeFetch, type FetchFrame } from '../wire/v2/fetch.ts';
import { decodeGap } from '../wire/v2/gap.ts';
import { decodeGeneration } from '../wire/v2/generation.ts';
import type { HelloFrame } from '../wire/v2/hello.ts';
import { Opcode } from '../wire/v2/opcodes.ts';
import type { EdgeConnection, EdgeConnectionUser } from './edge-connection.ts';
import { FATAL_FAULTS } from './fatal-faults.ts';

/** Bytes that one connection may have here in front of the merge; beyond it its socket is not read. */
const WAITING_BYTES_MAX = 1_048_576;

/** A delivery that waits for older ones of other connections. */
export interface WaitingDelivery {
  readonly reader: ShareReader;
  readonly frame: DeliverFrame;
  readonly bytes: number;
}

/** Who joins what the readers bring. */
export interface ShareReaderOwner {
  hello(share: number): HelloFrame;
  /** What the reader should fetch now; undefined while nothing is known of the buckets. */
  wanted(share: number): FetchFrame | undefined;
  delivered(delivery: WaitingDelivery): void;
  gap(gap: InboxGap): void;
  progressed(reader: ShareReader): void;
  /** The reader is logged in, and has asked for what it reads. */
  welcomed(): void;
  /** The reader’s new connection reads: what was said on an older one may be lost. */
  resumed(): void;
  /** Another connection would fail as well. */
  failed(error: IrisError): void;
}

/** A further connection of the client, which reads one share of the buckets. */
export class ShareReader implements EdgeConnectionUser {
  readonly share: number;
  readonly stream: MergeStream<WaitingDelivery>;
  connection: EdgeConnection | undefined;
  /** What its server said last: everything of the generations before this one has come. 0 on a new connection. */
  pushed = 0;
  isCaughtUp = false;
  /** Since when it has no connection; undefined while it has one. */
  lostMs: number | undefined;
  private readonly owner: ShareReaderOwner;
  private readonly nowMs: () => number;
  private isFresh = true;
  private waitingBytes = 0;
  private farewell: (() => void) | undefined;

  constructor(owner: ShareReaderOwner, options: { share: number; stream: MergeStream<WaitingDelivery>; nowMs(): number }) {
    this.owner = owner;
    this.share = options.share;
    this.stream = options.stream;
    this.nowMs = () => options.nowMs();
    this.lostMs = this.nowMs();
  }

  hello(): HelloFrame {
    return this.owner.hello(this.share);
  }

  welcomed(): void {
    this.lostMs = undefined;
    this.fetch();
    this.owner.welcomed();
    this.sayBye();
  }

  /** Asks for what is wanted now, here or once the connection is made. */
  fetch(): void {
    const wanted = this.owner.wanted(this.share);
    const out = this.connection?.writer;
    if (wanted !== undefined && out !== undefined) encodeFetch(out, wanted);
  }

  lost(): void {
    this.pushed = 0;
    this.isCaughtUp = false;
    this.isFresh = true;
    this.lostMs ??= this.nowMs();
  }

  frame(opcode: number, reader: ByteReader): void {
    switch (opcode) {
      case Opcode.Deliver:
        this.owner.delivered({ reader: this, bytes: reader.remaining, frame: decodeDeliver(reader) });
        break;
      case Opcode.Generation:
        ({ pushed: this.pushed, isCaughtUp: this.isCaughtUp } = decodeGeneration(reader));
        if (this.isFresh) this.owner.resumed();
        this.isFresh = false;
        this.owner.progressed(this);
        break;
      case Opcode.Gap:
        this.owner.gap(decodeGap(reader));
        break;
      case Opcode.Fault:
        this.fault(reader);
        break;
      case Opcode.Farewell:
        this.farewell?.();
        break;
      default:
    }
  }

  /** It waits for older deliveries. */
  keeps({ bytes }: WaitingDelivery): void {
    this.waitingBytes += bytes;
    if (this.waitingBytes > WAITING_BYTES_MAX) this.connection?.pause();
  }

  /** It waits no longer. */
  passes({ bytes }: WaitingDelivery): void {
    this.waitingBytes -= bytes;
    if (this.waitingBytes < WAITING_BYTES_MAX / 2) this.connection?.resume();
  }

  /** Resolves when the server has made durable what was acknowledged here; through a reconnect if need be. */
  leave(): Promise<void> {
    if (this.connection?.isUp !== true && this.hello().cursors.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.farewell = resolve;
      // A socket that is not read would not bring the answer.
      this.connection?.resume();
      this.sayBye();
    });
  }

  private sayBye(): void {
    const out = this.connection?.writer;
    if (this.farewell !== undefined && out !== undefined) encodeBye(out);
  }

  /** A take-over ends the client’s first connection as well; what looks like one here alone is an older connection of this reader. */
  private fault(reader: ByteReader): void {
    const { wire, message } = decodeFault(reader);
    const code = errorCodeOfWire(wire);
    const isFinal = code === 'FETCH_UNSUPPORTED' || code === 'HELLO_EXPECTED' || code === 'OPCODE_UNKNOWN';
    if (code === undefined || code === 'SESSION_REPLACED') return;
    if (isFinal || FATAL_FAULTS.includes(code)) this.owner.failed(new IrisError(code, message));
  }
}
