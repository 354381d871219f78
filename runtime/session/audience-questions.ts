import { namesOf } from '../contract/audience.ts';
import { ERROR_CODES, type ErrorCode, errorLine, IrisError } from '../contract/errors.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import { checkUserName } from '../wire/user-name.ts';
import { type AudienceFrame, encodeAudienceAnswer } from '../wire/v2/audience.ts';
import type { SessionParts } from './session-parts.ts';

/** What a question needs of its session. */
export interface AskingSession {
  readonly isOpen: boolean;
  readonly user: Buffer;
  /** The edge’s stamp of the login. */
  readonly loginStamp: number;
  writer(): ByteWriter;
}

/** What one session says of who may see its user: one question at a time, each answered. */
export class AudienceQuestions {
  private readonly parts: SessionParts;
  private readonly session: AskingSession;
  private isAsking = false;

  constructor(parts: SessionParts, session: AskingSession) {
    this.parts = parts;
    this.session = session;
  }

  ask(frame: AudienceFrame): void {
    const problem = this.isAsking ? 'OVERLOADED' : problemOf(frame);
    if (problem !== undefined) this.refuse(frame.query, problem);
    else void this.forward(frame);
  }

  private async forward({ query, isChange, audience }: AudienceFrame): Promise<void> {
    const { feed, router, telemetry } = this.parts;
    const { user, loginStamp } = this.session;
    this.isAsking = true;
    try {
      const answer = await feed.audience(router.ownerOf(user), user, isChange ? { audience, loginStamp } : undefined);
      if (answer === undefined) this.refuse(query, 'SHARD_UNAVAILABLE');
      else if (this.session.isOpen) encodeAudienceAnswer(this.session.writer(), { query, ...answer });
    } catch (error) {
      telemetry.log.error('audience-failed', { reason: errorLine(error) });
      this.refuse(query, 'SHARD_UNAVAILABLE');
    } finally {
      this.isAsking = false;
    }
  }

  private refuse(query: number, code: ErrorCode): void {
    if (this.session.isOpen) encodeAudienceAnswer(this.session.writer(), { query, code: ERROR_CODES[code].wire, audience: undefined });
  }
}

function problemOf({ audience }: AudienceFrame): ErrorCode | undefined {
  if (audience === undefined) return undefined;
  try {
    for (const name of namesOf(audience)) checkUserName(name);
    return undefined;
  } catch (error) {
    if (error instanceof IrisError) return error.code;
    throw error;
  }
}
