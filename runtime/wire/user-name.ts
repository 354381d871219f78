import { IrisError } from '../contract/errors.ts';
import { USER_BYTES_MAX } from '../contract/limits.ts';

/**
 * A user’s name is 1 to 256 bytes without control characters: v1’s LOGIN has no length, so a name may not hold an opcode.
 * @throws IrisError NAME_INVALID, FRAME_TOO_LARGE
 */
export function checkUserName(name: Uint8Array): void {
  if (name.length === 0) throw new IrisError('NAME_INVALID', `empty user name, must be 1 to ${USER_BYTES_MAX} bytes`);
  if (name.length > USER_BYTES_MAX) throw new IrisError('FRAME_TOO_LARGE', `user name of ${name.length} bytes, limit is ${USER_BYTES_MAX}`);
  // By index: this is asked for every message.
  for (let i = 0; i < name.length; i++) {
    const byte = name[i] as number;
    if (byte < 0x20)
      throw new IrisError(
        'NAME_INVALID',
        `user name holds byte 0x${byte.toString(16).padStart(2, '0')}, control characters are not allowed`,
      );
  }
}

/** A name as it travels. @throws IrisError NAME_INVALID, FRAME_TOO_LARGE */
export function userNameBytes(name: string): Buffer {
  const bytes = Buffer.from(name, 'utf8');
  checkUserName(bytes);
  return bytes;
}
