import { errorLine } from '../contract/errors.ts';
import type { UserStatus } from '../ports/inbox-feed.ts';
import type { SessionParts } from './session-parts.ts';

const UNKNOWN: UserStatus = { isOnline: false, lastSeenSeconds: 0 };

/** What a client asked about users and has not heard yet. The same question asked again while it waits costs a count, not a query (X10). */
export class StatusQuestions {
  private readonly parts: SessionParts;
  private readonly answer: (user: Buffer, status: UserStatus) => void;
  /** Names, one byte a character, and how often each was asked for. */
  private readonly waiting = new Map<string, number>();

  constructor(parts: SessionParts, answer: (user: Buffer, status: UserStatus) => void) {
    this.parts = parts;
    this.answer = answer;
  }

  /** `name` is a view. Each question is answered once; an owner that does not answer in time counts as offline, never seen. */
  ask(name: Buffer): void {
    const key = name.toString('latin1');
    const asked = this.waiting.get(key) ?? 0;
    this.waiting.set(key, asked + 1);
    if (asked > 0) return;
    const user = Buffer.from(name);
    this.parts.feed.status(this.parts.router.ownerOf(user), user).then(
      (status) => this.answerAll(key, user, status ?? UNKNOWN),
      (error: unknown) => {
        this.parts.telemetry.log.error('status-failed', { reason: errorLine(error) });
        this.answerAll(key, user, UNKNOWN);
      },
    );
  }

  private answerAll(key: string, user: Buffer, status: UserStatus): void {
    const asked = this.waiting.get(key) ?? 0;
    this.waiting.delete(key);
    for (let i = 0; i < asked; i++) this.answer(user, status);
  }
}
