import type { DirectoryEntry, LoginHolder } from '../ports/session-directory.ts';
import { VERSION_MAX } from '../wire/v2/opcodes.ts';
import type { SessionParts } from './session-parts.ts';

/** What clients of v2 speak, by version: one string for all sessions. */
export const PROTOCOLS_V2: readonly string[] = Array.from({ length: VERSION_MAX + 1 }, (_, version) => `v2.${version}`);

interface LoggedInSession {
  readonly user: Buffer;
  readonly device: Buffer;
  readonly loginStamp: number;
  readonly protocol: string;
}

export function enterDirectory({ directory, clock }: SessionParts, session: LoggedInSession, holder: LoginHolder): DirectoryEntry {
  const { user, device, loginStamp, protocol } = session;
  const login = { user: user.toString('latin1'), device: device.toString('hex'), loginStamp, protocol, sinceMs: clock.nowMs() };
  return directory.enter(login, holder);
}
