import { ProcessRateLimits } from '../../../runtime/adapters/rate-limits-process.ts';
import { createProcessSessionDirectory } from '../../../runtime/adapters/session-directory-process.ts';
import type { Publisher } from '../../../runtime/ports/bus.ts';
import type {
  AttachOptions,
  EphemeralKind,
  HandedOver,
  InboxSubscriber,
  Reading,
  ReadMessages,
} from '../../../runtime/ports/inbox-feed.ts';
import { CALM, type LoadLevel } from '../../../runtime/ports/load-level.ts';
import type { MessageRouter } from '../../../runtime/ports/message-router.ts';
import type { RatesPerMinute } from '../../../runtime/ports/rate-limits.ts';
import type { Connection } from '../../../runtime/ports/transport.ts';
import { ClientConnection } from '../../../runtime/session/client-connection.ts';
import { type SessionParts, sessionCounters } from '../../../runtime/session/session-parts.ts';
import { SessionTimes } from '../../../runtime/session/session-times.ts';
import { Stamps } from '../../../runtime/session/stamps.ts';
import { Bursts } from '../../../runtime/wire/bursts.ts';
import { ByteReader } from '../../../runtime/wire/byte-reader.ts';
import { FrameSplitter } from '../../../runtime/wire/frame-splitter.ts';
import { fixedRandom, type ManualClock } from '../../fakes/manual-clock.ts';
import { MemoryTelemetry } from '../../fakes/memory-telemetry.ts';

export class TestConnection implements Connection {
  readonly remoteAddress = 'client';
  queuedBytes = 0;
  written = Buffer.alloc(0);
  state: 'open' | 'ended' | 'destroyed' = 'open';

  write(bytes: Buffer): void {
    this.written = Buffer.concat([this.written, bytes]);
  }
  pause(): void {}
  resume(): void {}
  end(): void {
    if (this.state === 'open') this.state = 'ended';
  }
  destroy(): void {
    this.state = 'destroyed';
  }
}

/** One client’s connection at an edge whose links are played by the test. */
export class SessionUnderTest {
  readonly connection = new TestConnection();
  readonly client: ClientConnection;
  readonly reads: ReadMessages[] = [];
  readonly handed: { kind: EphemeralKind; envelope: Buffer; answer: HandedOver | undefined }[] = [];
  /** What the session is to its owner, once it has logged in. */
  subscriber: InboxSubscriber | undefined;
  asked = 0;
  /** Who hears of what it sent. */
  publisher: Publisher | undefined;
  /** Messages given to the router. */
  published = 0;
  /** Every inbox and bucket that it reads. */
  readonly attached: { options: AttachOptions; subscriber: InboxSubscriber }[] = [];
  /** What the home says of the buckets. */
  reading: Reading | 'other' | 'unknown' | undefined;
  /** How often the home was asked that. */
  questions = 0;
  /** How often an owner was asked to make everything durable and to say so. */
  flushes = 0;

  /** `carry` takes what the session publishes. */
  constructor(clock: ManualClock, load: LoadLevel = CALM, rates: RatesPerMinute = {}, carry?: MessageRouter['publish']) {
    const telemetry = new MemoryTelemetry();
    const nothing = Buffer.alloc(0);
    const publisher = { publisherId: 0, published() {}, refused() {}, isFenced: () => false };
    const header = { flags: 0, count: 0, sequence: 0, previous: 0, stamp: 0, device: nothing, sender: nothing, recipient: nothing };
    const markRead = (messages: ReadMessages) => void this.reads.push(messages);
    const askStatus = () => void this.asked++;
    const detach = ({ flush }: { flush: boolean }) => {
      if (flush) this.flushes++;
    };
    const parts: SessionParts = {
      router: {
        publish: (publication) => {
          this.publisher = publication.publisher;
          this.published += publication.count;
          carry?.(publication);
        },
        ownerOf: () => 'owner',
      },
      bus: { publish() {}, forward() {}, forget() {} },
      feed: {
        attach: (options, subscriber) => {
          this.attached.push({ options, subscriber });
          this.subscriber = subscriber;
          return { grant() {}, acknowledge() {}, remove() {}, markRead, askStatus, detach };
        },
        hand: (_, kind, envelope, answer) => void this.handed.push({ kind, envelope, answer }),
        status: async () => undefined,
        audience: async () => undefined,
        reading: async () => {
          this.questions++;
          return this.reading;
        },
      },
      authenticator: { authenticate() {} },
      clock,
      random: fixedRandom(),
      telemetry,
      directory: createProcessSessionDirectory({ node: 'tokyo-edge-0', region: 'tokyo' }),
      presence: { watch() {}, unwatch() {}, resumed() {} },
      rates: new ProcessRateLimits({ rates, clock, telemetry }),
      limitedAddress: (address) => address,
      load,
      bursts: new Bursts((callback) => clock.soon(callback)),
      stamps: new Stamps(clock),
      counters: sessionCounters(telemetry),
      times: new SessionTimes({ telemetry, clock }),
      publication: { publisher, mayJoin: false, ...header, buffer: nothing, start: 0, end: 0 },
      reader: new ByteReader(),
      sendFrame: { flags: 0, sequence: 0, previous: 0, recipient: nothing, count: 0, entriesAt: 0 },
      region: 'tokyo',
      awsRegion: 'ap-northeast-1',
      node: 'tokyo-edge-0',
      sessionQueuedBytesMax: 1,
      pushStock: { bytes: 0 },
      nextPublisherId: () => 1,
      gapUntold() {},
      isDraining: () => false,
    };
    this.client = new ClientConnection(parts, this.connection, () => undefined);
  }

  /** Frames written so far, each from its opcode on; takes them. */
  frames(): Buffer[] {
    const frames: Buffer[] = [];
    const splitter = new FrameSplitter(1 << 20);
    splitter.push(this.connection.written, { frame: (buffer, start, end) => frames.push(Buffer.from(buffer.subarray(start, end))) });
    this.connection.written = Buffer.alloc(0);
    return frames;
  }
}
