import * as limits from '../contract/limits.ts';
import type { InboxSubscription, UserStatus } from '../ports/inbox-feed.ts';
import type { ByteReader } from '../wire/byte-reader.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import { decodeAudience } from '../wire/v2/audience.ts';
import { encodeFault } from '../wire/v2/fault.ts';
import { decodeMessageStatusQuery } from '../wire/v2/message-status.ts';
import { AUDIENCE_VERSION, Opcode, WATCH_VERSION } from '../wire/v2/opcodes.ts';
import { decodePresenceQuery, encodePresence } from '../wire/v2/presence.ts';
import { decodeRead } from '../wire/v2/read.ts';
import { decodeTyping } from '../wire/v2/typing.ts';
import { decodeWatch } from '../wire/v2/watch.ts';
import { AudienceQuestions } from './audience-questions.ts';
import { handTyping } from './ephemeral-sends.ts';
import type { SessionParts } from './session-parts.ts';
import { SessionWatches } from './session-watches.ts';
import { SignalBudget } from './signal-budget.ts';
import { StatusQuestions } from './status-questions.ts';

/** What a signal needs of its session. */
export interface SignallingSession {
  readonly isOpen: boolean;
  /** It leaves so much unread that what can be told later is. */
  readonly isSlow: boolean;
  readonly user: Buffer;
  readonly device: Buffer;
  /** The edge’s stamp of the login. */
  readonly loginStamp: number;
  readonly subscription: InboxSubscription | undefined;
  writer(): ByteWriter;
}

/** The frames that SignalsV2 handles, of a client’s version; most sessions never have any. */
export function isSignal(opcode: number, version: number): boolean {
  if (opcode === Opcode.Watch || opcode === Opcode.Unwatch) return version >= WATCH_VERSION;
  if (opcode === Opcode.Audience) return version >= AUDIENCE_VERSION;
  return version >= 3 && SIGNALS.has(opcode);
}

const SIGNALS: ReadonlySet<number> = new Set([Opcode.Read, Opcode.MessageStatusQuery, Opcode.Typing, Opcode.PresenceQuery]);

/** The frames beside messages that a client of version 3 may write. Beyond their budget, and under load, they are passed over visibly. */
export class SignalsV2 {
  private readonly parts: SessionParts;
  private readonly session: SignallingSession;
  private readonly budget: SignalBudget;
  private asked: StatusQuestions | undefined;
  private watches: SessionWatches | undefined;
  private audience: AudienceQuestions | undefined;

  constructor(parts: SessionParts, session: SignallingSession) {
    this.parts = parts;
    this.session = session;
    this.budget = new SignalBudget(parts.clock);
  }

  /** A frame whose opcode `isSignal`. */
  frame(opcode: number, reader: ByteReader): void {
    if (!this.budget.take()) {
      this.passOver(`over ${limits.SIGNALS_PER_SECOND} reads, typing signals and queries in a second`);
      return;
    }
    const waitMs = this.parts.rates.take('requests', this.session.user);
    if (waitMs > 0) this.passOver('more reads, typing signals and queries in a minute than a user may send', waitMs);
    else this.handle(opcode, reader);
  }

  /** The client reads again. */
  drained(): void {
    this.watches?.drained();
  }

  close(): void {
    this.watches?.close();
  }

  private handle(opcode: number, reader: ByteReader): void {
    const { load } = this.parts;
    const { subscription, device, user: sender } = this.session;
    if (opcode === Opcode.Typing) {
      const { isTyping, user: recipient } = decodeTyping(reader);
      handTyping(this.parts, { sender, recipient, isTyping });
    } else if (opcode === Opcode.PresenceQuery) {
      const user = decodePresenceQuery(reader);
      if (load.sheds('presence')) this.passOver('the node is busy and answers no presence queries');
      else this.questions().ask(user);
    } else if (opcode === Opcode.Audience) {
      this.audience ??= new AudienceQuestions(this.parts, this.session);
      this.audience.ask(decodeAudience(reader));
    } else if (opcode === Opcode.Unwatch) this.watches?.unwatch(decodeWatch(reader));
    else if (opcode === Opcode.Watch) {
      const users = decodeWatch(reader);
      if (load.sheds('presence')) this.passOver('the node is busy and watches nobody new');
      else this.watched().watch(users);
    } else if (load.sheds('receipts')) this.passOver('the node is busy; tell and ask again later');
    else if (opcode === Opcode.Read) subscription?.markRead(decodeRead(reader));
    else subscription?.askStatus(device, decodeMessageStatusQuery(reader));
  }

  private questions(): StatusQuestions {
    this.asked ??= new StatusQuestions(this.parts, this.session.user, (user: Buffer, status: UserStatus) => {
      if (this.session.isOpen) encodePresence(this.session.writer(), { user, ...status });
    });
    return this.asked;
  }

  private watched(): SessionWatches {
    const { parts, session } = this;
    this.watches ??= new SessionWatches({
      presence: parts.presence,
      user: session.user,
      writer: () => session.writer(),
      takes: () => session.isOpen && !session.isSlow,
    });
    return this.watches;
  }

  private passOver(message: string, retryAfterMs = this.parts.load.retryAfterMs(limits.SHED_RETRY_MS)): void {
    encodeFault(this.session.writer(), { code: 'SIGNALS_LIMITED', message, retryAfterMs });
  }
}
