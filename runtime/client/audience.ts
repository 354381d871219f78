import { audienceOf, namesOf } from '../contract/audience.ts';
import { ERROR_CODES, errorCodeOfWire, IrisError } from '../contract/errors.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import { checkUserName } from '../wire/user-name.ts';
import { type AudienceAnswerFrame, encodeAudience } from '../wire/v2/audience.ts';

/** Who may see whether a user is online, and when it was last seen: everyone, nobody, or the users named. */
export type WhoMaySee = 'everyone' | 'nobody' | readonly string[];

export interface AudienceParts {
  readonly clock: Clock;
  /** The writer while connected to a server that takes it. */
  writer(): ByteWriter | undefined;
  /** Whether the server that is connected is of a release that does not. */
  isOld(): boolean;
}

interface Question {
  readonly wish: WhoMaySee | undefined;
  readonly timer: Timer;
  resolve(answer: WhoMaySee): void;
  reject(error: IrisError): void;
}

/** Questions and changes that may wait; they are answered one after the other. */
const QUESTIONS_MAX = 16;
const TIMEOUT_MS = 15_000;
const RETRY_MS = 1_000;

/** What a client says of who may see its user: said again after a reconnect, until it is answered. */
export class OwnAudience {
  private readonly parts: AudienceParts;
  private readonly questions: Question[] = [];
  /** Of what was written last; an answer to another query is of one that was given up. */
  private query = 0;

  constructor(parts: AudienceParts) {
    this.parts = parts;
  }

  /** With `wish` from now on. Resolves to who may. @throws IrisError through the promise, see `IrisClient.setAudience` */
  ask(wish?: WhoMaySee): Promise<WhoMaySee> {
    return new Promise((resolve, reject) => {
      if (wish !== undefined) bytesOf(wish);
      if (this.parts.isOld()) throw new IrisError('VERSION_UNSUPPORTED', 'the server is of a release that shows every user to everyone');
      if (this.questions.length >= QUESTIONS_MAX)
        throw new IrisError('OVERLOADED', `${QUESTIONS_MAX} changes of who may see this user wait for their answer`);
      const timer = this.parts.clock.after(TIMEOUT_MS, () => {
        const message = `no answer to who may see this user within ${TIMEOUT_MS} ms; a change may have been made`;
        this.end(question, () => reject(new IrisError('TIMED_OUT', message)));
      });
      const question: Question = { wish, timer, resolve, reject };
      this.questions.push(question);
      if (this.questions.length === 1) this.say();
    });
  }

  /** Connected anew. */
  repeat(): void {
    if (!this.parts.isOld()) this.say();
    else this.failAll(new IrisError('VERSION_UNSUPPORTED', 'the server is of a release that shows every user to everyone'));
  }

  answered({ query, code, audience }: AudienceAnswerFrame): void {
    const [question] = this.questions;
    if (question === undefined || query !== this.query) return;
    const error = code === 0 ? undefined : (errorCodeOfWire(code) ?? 'SHARD_UNAVAILABLE');
    if (error !== undefined && ERROR_CODES[error].retry)
      this.parts.clock.after(RETRY_MS, () => this.questions[0] === question && this.say());
    else if (error !== undefined) this.end(question, () => question.reject(new IrisError(error, ERROR_CODES[error].meaning)));
    else {
      const names = audience === undefined ? undefined : namesOf(audience).map((name) => name.toString('utf8'));
      this.end(question, () => question.resolve(names === undefined ? 'everyone' : names.length === 0 ? 'nobody' : names));
    }
  }

  /** The client is closed. */
  failAll(error: IrisError): void {
    for (const question of this.questions.splice(0)) {
      question.timer.stop();
      question.reject(error);
    }
  }

  private say(): void {
    const [question] = this.questions;
    const out = question === undefined ? undefined : this.parts.writer();
    if (question === undefined || out === undefined) return;
    this.query = (this.query + 1) % 0x1_0000_0000;
    const { wish } = question;
    encodeAudience(out, { query: this.query, isChange: wish !== undefined, audience: bytesOf(wish ?? 'everyone') });
  }

  private end(question: Question, tell: () => void): void {
    question.timer.stop();
    const at = this.questions.indexOf(question);
    if (at < 0) return;
    this.questions.splice(at, 1);
    tell();
    if (at === 0) this.say();
  }
}

/** @throws IrisError NAME_INVALID, FRAME_TOO_LARGE */
function bytesOf(wish: WhoMaySee): Buffer | undefined {
  if (wish === 'everyone') return undefined;
  const names = wish === 'nobody' ? [] : [...new Set(wish)].map((name) => Buffer.from(name, 'utf8'));
  for (const name of names) checkUserName(name);
  return audienceOf(names);
}
