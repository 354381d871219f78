import { UNSEEN } from '../contract/audience.ts';
import { ERROR_CODES, type ErrorCode, IrisError } from '../contract/errors.ts';
import type { UserStatus } from '../ports/inbox-feed.ts';
import type { PresenceOwner, PresenceWatcher } from '../ports/presence.ts';
import type { ByteReader } from '../wire/byte-reader.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import { AUDIENCE_LINK_VERSION, decodeLinkAudience, encodeLinkAudienceAnswer, type LinkAudienceFrame } from '../wire/link/audience.ts';
import { LinkOpcode } from '../wire/link/opcodes.ts';
import { encodeStatus } from '../wire/link/status.ts';
import { decodeLinkUnwatch, decodeLinkWatch, encodeLinkPresence } from '../wire/link/watch.ts';

/** The node at the other end of an owner’s link, as one who watches users. */
export class LinkWatcher implements PresenceWatcher {
  private readonly owner: PresenceOwner;
  private readonly writer: () => ByteWriter;
  private readonly version: () => number;

  /** `version`: what both sides of the link speak. */
  constructor(owner: PresenceOwner, writer: () => ByteWriter, version: () => number) {
    this.owner = owner;
    this.writer = writer;
    this.version = version;
  }

  /** False for an opcode that is none of these. */
  frame(opcode: number, reader: ByteReader): boolean {
    if (opcode === LinkOpcode.Watch) {
      const { user, isAgain } = decodeLinkWatch(reader);
      this.owner.watch(this, user, { isAgain });
    } else if (opcode === LinkOpcode.Unwatch) this.owner.unwatch(this, decodeLinkUnwatch(reader));
    else if (opcode === LinkOpcode.Audience) void this.audience(decodeLinkAudience(reader));
    else return false;
    return true;
  }

  told(user: Buffer, status: UserStatus): void {
    encodeLinkPresence(this.writer(), { user, code: 0, ...this.shown(status) });
  }

  /** The answer to a question how a user is. */
  answer(query: number, status: UserStatus): void {
    encodeStatus(this.writer(), { query, ...this.shown(status) });
  }

  refused(user: Buffer, code: ErrorCode): void {
    encodeLinkPresence(this.writer(), { user, code: ERROR_CODES[code].wire, isOnline: false, lastSeenSeconds: 0 });
  }

  /** A node of an earlier release shows it to everyone. */
  private shown(status: UserStatus): UserStatus {
    return status.audience !== undefined && this.version() < AUDIENCE_LINK_VERSION ? UNSEEN : status;
  }

  private async audience({ query, user, change }: LinkAudienceFrame): Promise<void> {
    try {
      const audience = await this.owner.audience(user, change);
      encodeLinkAudienceAnswer(this.writer(), query, { code: 0, audience });
    } catch (error) {
      const code = error instanceof IrisError ? error.code : 'STORE_FAILED';
      encodeLinkAudienceAnswer(this.writer(), query, { code: ERROR_CODES[code].wire, audience: undefined });
    }
  }

  close(): void {
    this.owner.watcherClosed(this);
  }
}
