import { IrisError } from '../contract/errors.ts';
import type { Refusal } from '../ports/bus.ts';
import type { Connection } from '../ports/transport.ts';
import type { SessionParts } from './session-parts.ts';

/**
 * Lets a user in. An address whose logins failed too often in a minute is not even asked for its token (A8).
 * @throws IrisError AUTHENTICATION_FAILED, RATE_LIMITED
 */
export function admit(
  { authenticator, rates, limitedAddress }: SessionParts,
  connection: Connection,
  login: { user: Buffer; token: string },
): void {
  const address = limitedAddress(connection.remoteAddress);
  const retryAfterMs = address === undefined ? 0 : rates.waitMs('failedLogins', address);
  if (retryAfterMs > 0)
    throw new IrisError('RATE_LIMITED', `too many logins of this address failed; wait ${retryAfterMs} ms`, { retryAfterMs });
  try {
    authenticator.authenticate(login.user.toString('utf8'), login.token);
  } catch (error) {
    if (address !== undefined) rates.take('failedLogins', address);
    throw error;
  }
}

/** Of a message after one that was refused (L3). */
export const HELD_BACK: Refusal = {
  code: 'REFUSED_IN_ORDER',
  message: 'an earlier message to this recipient was refused',
  retryAfterMs: 0,
};

/** How a message is refused whose sender’s minute is full. */
export function messagesLimited(retryAfterMs: number): Refusal {
  return { code: 'RATE_LIMITED', message: `more messages in a minute than a user may send; wait ${retryAfterMs} ms`, retryAfterMs };
}

/** Milliseconds before an address may connect again that connected in vain, or whose logins failed, too often in a minute; else 0. */
export function connectionWaitMs({ rates, limitedAddress }: SessionParts, { remoteAddress }: Connection): number {
  const address = limitedAddress(remoteAddress);
  return address === undefined ? 0 : Math.max(rates.waitMs('connections', address), rates.waitMs('failedLogins', address));
}

export function connectionLimited(retryAfterMs: number): Refusal {
  return {
    code: 'RATE_LIMITED',
    message: `too many connections of this address ended without a login; wait ${retryAfterMs} ms`,
    retryAfterMs,
  };
}
