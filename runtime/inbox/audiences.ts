import { type Audience, NOBODY } from '../contract/audience.ts';
import { IrisError } from '../contract/errors.ts';
import { AUDIENCE_CHANGES_MAX } from '../contract/limits.ts';
import type { AudienceChange } from '../ports/inbox-feed.ts';
import { type InboxStore, RecordKind } from '../ports/inbox-store.ts';
import { readAudience, writeAudience } from '../wire/audience.ts';
import { ByteReader } from '../wire/byte-reader.ts';
import { ByteWriter } from '../wire/byte-writer.ts';
import type { Change } from './change.ts';
import { durably } from './durable-change.ts';

export interface AudiencesParts {
  readonly store: Pick<InboxStore, 'readRecord'>;
  readonly change: (change: Change) => void;
  isHome(user: Buffer): boolean;
  /** The former owner still has the user: it is asked for it now. One byte a character. */
  isPending(user: string): boolean;
  /** What the user has said is with an owner that was lost and may come back. */
  isInherited(user: Buffer): boolean;
}

/** Who may see the users of one core: a record each at the user’s home, where it said so; it moves with the user. */
export class Audiences {
  private readonly parts: AudiencesParts;
  /** Users, one byte a character. */
  private readonly underWay = new Set<string>();

  constructor(parts: AudiencesParts) {
    this.parts = parts;
  }

  /** `unknown` while the user is not here. Nobody may, while what it has said cannot be asked for. @throws IrisError STORE_FAILED */
  async of(user: Buffer): Promise<Audience | 'everyone' | 'unknown'> {
    if (!this.isHere(user)) return 'unknown';
    const record = await this.read(user);
    if (!this.isHere(user)) return 'unknown';
    if (record !== undefined) return record.audience ?? 'everyone';
    return this.parts.isInherited(user) ? NOBODY : 'everyone';
  }

  /** @throws IrisError SHARD_MOVED, OVERLOADED, SESSION_REPLACED, STORE_FAILED */
  async set(user: Buffer, change: AudienceChange): Promise<void> {
    const key = user.toString('latin1');
    if (this.underWay.has(key) || this.underWay.size >= AUDIENCE_CHANGES_MAX)
      throw new IrisError('OVERLOADED', 'another change of who may see users is under way');
    this.underWay.add(key);
    try {
      const known = await this.read(user);
      if (known !== undefined && known.loginStamp > change.loginStamp)
        throw new IrisError('SESSION_REPLACED', 'a later login of the user has said who may see it');
      await this.write(user, change);
    } finally {
      this.underWay.delete(key);
    }
  }

  private async write(user: Buffer, { audience, loginStamp }: AudienceChange): Promise<void> {
    const out = new ByteWriter(64);
    out.u64(loginStamp);
    writeAudience(out, audience);
    const value = out.take();
    let isWritten = false;
    await durably(this.parts.change, {
      apply: (batch) => {
        isWritten = this.isHere(user);
        if (isWritten) batch.setRecord(RecordKind.audience, user, value);
      },
    });
    if (!isWritten) throw new IrisError('SHARD_MOVED', 'the user lives elsewhere, or is on its way here');
  }

  private isHere(user: Buffer): boolean {
    return this.parts.isHome(user) && !this.parts.isPending(user.toString('latin1'));
  }

  private async read(user: Buffer): Promise<AudienceChange | undefined> {
    const value = await this.parts.store.readRecord(RecordKind.audience, user);
    if (value === undefined) return undefined;
    const reader = new ByteReader().reset(value, 0, value.length);
    return { loginStamp: reader.u64(), audience: readAudience(reader) };
  }
}
