import type { DirectoryEntry } from '../ports/session-directory.ts';
import type { SessionParts } from './session-parts.ts';

interface LoggedInSession {
  readonly user: Buffer;
  readonly device: Buffer;
  readonly loginStamp: number;
  readonly protocol: string;
}

/** `replaced` is called when the same user has logged in later, here or at another edge of the region. */
export function enterDirectory({ directory, clock }: SessionParts, session: LoggedInSession, replaced: () => void): DirectoryEntry {
  const { user, device, loginStamp, protocol } = session;
  const login = { user: user.toString('latin1'), device: device.toString('hex'), loginStamp, protocol, sinceMs: clock.nowMs() };
  return directory.enter(login, replaced);
}
