import { IrisError } from './errors.ts';
import { AUDIENCE_BYTES_MAX, AUDIENCES_BYTES_MAX, USER_BYTES_MAX } from './limits.ts';

/**
 * Those who may see whether a user is online and when it was last seen: names, each (length:u16 name), AUDIENCE_BYTES_MAX in all. Where there is none,
 * everyone may. A user itself always may.
 */
export type Audience = Buffer;

export const NOBODY: Audience = Buffer.alloc(0);

/** What everyone else is told: the same as of a user who is away and was never seen, or whom nobody knows. */
export const UNSEEN = { isOnline: false, lastSeenSeconds: 0 } as const;

/** @throws IrisError FRAME_TOO_LARGE above AUDIENCE_BYTES_MAX */
export function audienceOf(names: readonly Uint8Array[]): Audience {
  const bytes = Buffer.concat(names.flatMap((name) => [lengthOf(name), name]));
  if (bytes.length > AUDIENCE_BYTES_MAX)
    throw new IrisError('FRAME_TOO_LARGE', `${bytes.length} bytes of names who may see a user, limit is ${AUDIENCE_BYTES_MAX}`);
  return bytes;
}

export function namesOf(audience: Audience): Buffer[] {
  const names: Buffer[] = [];
  for (let at = 0; at < audience.length; at = endOf(audience, at)) names.push(audience.subarray(at + 2, endOf(audience, at)));
  return names;
}

/** Whether these bytes are an audience. */
export function isAudience(bytes: Buffer): boolean {
  if (bytes.length > AUDIENCE_BYTES_MAX) return false;
  let at = 0;
  while (at + 2 <= bytes.length) {
    const length = bytes.readUInt16BE(at);
    if (length === 0 || length > USER_BYTES_MAX) return false;
    at += 2 + length;
  }
  return at === bytes.length;
}

/** How `user` is, as `watcher` may see it. */
export function seenBy<Status extends { readonly isOnline: boolean; readonly lastSeenSeconds: number; readonly audience?: Audience }>(
  status: Status,
  user: Buffer,
  watcher: Buffer,
): Status | typeof UNSEEN {
  const { audience } = status;
  return audience === undefined || user.equals(watcher) || isIn(audience, watcher) ? status : UNSEEN;
}

/** What the audiences that are kept at hand may take; beyond it a user is seen by nobody. */
export class AudienceRoom {
  private bytes = 0;

  /** `audience`, in the place of `former`. */
  exchange(former: Audience | undefined, audience: Audience | undefined): Audience | undefined {
    this.bytes -= former?.length ?? 0;
    const kept = audience !== undefined && this.bytes + audience.length > AUDIENCES_BYTES_MAX ? NOBODY : audience;
    this.bytes += kept?.length ?? 0;
    return kept;
  }
}

/** Asked for each watcher of each change: most names are told apart by their length or last byte. */
function isIn(audience: Audience, watcher: Buffer): boolean {
  const { length } = watcher;
  const last = watcher[length - 1];
  for (let at = 0; at < audience.length; ) {
    const end = endOf(audience, at);
    if (end - at - 2 === length && audience[end - 1] === last && watcher.compare(audience, at + 2, end) === 0) return true;
    at = end;
  }
  return false;
}

function endOf(audience: Audience, at: number): number {
  return at + 2 + (((audience[at] as number) << 8) | (audience[at + 1] as number));
}

function lengthOf(name: Uint8Array): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(name.length);
  return length;
}
