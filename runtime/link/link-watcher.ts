import { ERROR_CODES, type ErrorCode } from '../contract/errors.ts';
import type { UserStatus } from '../ports/inbox-feed.ts';
import type { PresenceOwner, PresenceWatcher } from '../ports/presence.ts';
import type { ByteReader } from '../wire/byte-reader.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import { LinkOpcode } from '../wire/link/opcodes.ts';
import { decodeLinkUnwatch, decodeLinkWatch, encodeLinkPresence } from '../wire/link/watch.ts';

/** The node at the other end of an owner’s link, as one who watches users. */
export class LinkWatcher implements PresenceWatcher {
  private readonly owner: PresenceOwner;
  private readonly writer: () => ByteWriter;

  constructor(owner: PresenceOwner, writer: () => ByteWriter) {
    this.owner = owner;
    this.writer = writer;
  }

  /** False for an opcode that is none of these. */
  frame(opcode: number, reader: ByteReader): boolean {
    if (opcode === LinkOpcode.Watch) {
      const { user, isAgain } = decodeLinkWatch(reader);
      this.owner.watch(this, user, { isAgain });
    } else if (opcode === LinkOpcode.Unwatch) this.owner.unwatch(this, decodeLinkUnwatch(reader));
    else return false;
    return true;
  }

  told(user: Buffer, status: UserStatus): void {
    encodeLinkPresence(this.writer(), { user, code: 0, ...status });
  }

  refused(user: Buffer, code: ErrorCode): void {
    encodeLinkPresence(this.writer(), { user, code: ERROR_CODES[code].wire, isOnline: false, lastSeenSeconds: 0 });
  }

  close(): void {
    this.owner.watcherClosed(this);
  }
}
