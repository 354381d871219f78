import { seenBy, UNSEEN } from '../contract/audience.ts';
import { errorLine } from '../contract/errors.ts';
import type { UserStatus } from '../ports/inbox-feed.ts';
import type { SessionParts } from './session-parts.ts';

/** What a client asked about users and has not heard yet. The same question asked again while it waits costs a count, not a query (X10). */
export class StatusQuestions {
  private readonly parts: SessionParts;
  private readonly asker: Buffer;
  private readonly answer: (user: Buffer, status: UserStatus) => void;
  /** Names, one byte a character, and how often each was asked for. */
  private readonly waiting = new Map<string, number>();

  constructor(parts: SessionParts, asker: Buffer, answer: (user: Buffer, status: UserStatus) => void) {
    this.parts = parts;
    this.asker = asker;
    this.answer = answer;
  }

  /** `name` is a view. Each question is answered once; of an owner that does not answer in time, and of one who may not ask, the answer is UNSEEN. */
  ask(name: Buffer): void {
    const key = name.toString('latin1');
    const asked = this.waiting.get(key) ?? 0;
    this.waiting.set(key, asked + 1);
    if (asked > 0) return;
    const user = Buffer.from(name);
    this.parts.feed.status(this.parts.router.ownerOf(user), user).then(
      (status) => this.answerAll(key, user, seenBy(status ?? UNSEEN, user, this.asker)),
      (error: unknown) => {
        this.parts.telemetry.log.error('status-failed', { reason: errorLine(error) });
        this.answerAll(key, user, UNSEEN);
      },
    );
  }

  private answerAll(key: string, user: Buffer, status: UserStatus): void {
    const asked = this.waiting.get(key) ?? 0;
    this.waiting.delete(key);
    for (let i = 0; i < asked; i++) this.answer(user, status);
  }
}
